//! What drivers and checks of this question share, part by part.

#[path = "factorials/words.rs"]
pub mod factorials;
#[path = "pool/words.rs"]
pub mod pool;
#[path = "with_rayon/words.rs"]
pub mod with_rayon;
