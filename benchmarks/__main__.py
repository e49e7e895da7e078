"""Every benchmark of the people's pages: ``make bench``."""

from benchmarks import people, writes

people.main()
writes.main()
