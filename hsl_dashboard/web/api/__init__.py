"""What all JSON routes share: answers, errors, parameters, limits, serving. It knows no app."""
