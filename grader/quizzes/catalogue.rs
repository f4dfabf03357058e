// The programs whose output the quizzes ask for, by question: those about `threads` are explored in all schedules, those that
// stand `alone` have one output and are run once, since they start processes or nothing at all. Whoever includes this says what
// `programs` makes of it.
programs! {
    q1_threads_or_processes {
        threads { two_greetings not_joined shared_counter }
        alone { thread_and_fork }
    }
    q2_process_pool {
        threads { who_works completion_order results_by_place }
        alone { end_of_pipe }
    }
    q3_two_processes {
        threads { join_then_print join_one_by_one }
        alone { fork_copies exit_code killed_child }
    }
    q4_locked_list {
        threads { history_after_the_lock history_in_the_lock }
        alone { life_of_a_guard }
    }
    q5_sharing_data {
        threads {
            lost_update check_then_act tickets two_senders pair_of_atomics pair_in_a_lock store_buffering publish
            notify_too_early once barrier thread_local
        }
        alone { shared_region }
    }
    q6_failures {
        threads { panic_in_thread poison half_a_transfer guard stop_flag }
        alone { panic_in_child retry }
    }
    q7_thread_pool {
        threads { job_under_the_lock closed_comes_first panic_in_a_task }
        alone { }
    }
    q8_pool_timing {
        threads { slowest_worker }
        alone { whole_seconds square_that_fits_not }
    }
}
