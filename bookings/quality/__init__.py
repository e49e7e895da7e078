"""What cannot be right in the data: each kind of problem with its rows, and how many there are."""
