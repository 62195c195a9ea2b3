"""Do many calls from one place say that it is dark? Pure: people, tail, baseline, judge. Rows: arrivals, places."""
