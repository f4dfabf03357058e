// The questions of the course in the order in which they are listed, one line each: what it is
// about, which decides how its answers are run, and the name of the folders beside this file, in
// `exercises/` and in `solutions/`.
questions! {
    mixed q1_threads_or_processes
    processes q2_process_pool
    processes q3_two_processes
    threads q4_locked_list
    mixed q5_sharing_data
    mixed q6_failures
    mixed q7_thread_pool
    processes q8_pool_timing
}
