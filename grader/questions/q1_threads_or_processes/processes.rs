//! Question 1: the drivers of its parts that are judged from outside. They judge nothing.
