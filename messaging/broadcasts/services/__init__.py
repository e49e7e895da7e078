"""What staff can do with a broadcast that exists: pause, cancel, retry, copy, correct."""
