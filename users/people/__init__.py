"""The list of people: filters, search, order, pages, export."""
