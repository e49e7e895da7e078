"""An app of the tests alone: it empties the tables after a test that committed, in hundredths of a second."""
