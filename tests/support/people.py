"""What is known of the cast without Django: a benchmark signs people in with it, too."""

PASSWORD = "a password of the cast"
