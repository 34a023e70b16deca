"""What takes the place of software that tests cannot fetch. Each module says what is real in it and what is not."""
