"""Every benchmark of the pages at scale: ``make bench``; all filters in all orders take a quarter of an hour more.

``make bench ARGS="--people 20000"`` makes a smaller school.
"""

from benchmarks import exports, people, writes

people.main()
exports.main()
writes.main()
