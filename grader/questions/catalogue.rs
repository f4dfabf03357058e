// The questions of the course in the order in which they are listed, one line each. The name is
// that of the folders beside this file, in `exercises/` and in `solutions/`.
questions! {
    q4_locked_list
}
