//! What the course gives to students.
