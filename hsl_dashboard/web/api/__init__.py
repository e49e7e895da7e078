"""What every JSON route shares, and knows no app: answers, errors, parameters, limits, serving."""
