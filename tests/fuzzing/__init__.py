"""Coverage-guided fuzzing of everything that reads bytes of strangers, and the corpora from which it goes on."""
