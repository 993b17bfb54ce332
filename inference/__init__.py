"""Read archives, identify, route, classify, write; prevalence and report."""
