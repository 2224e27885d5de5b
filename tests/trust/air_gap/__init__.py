"""Programs run where there is no network but loopback, with every attempt to reach another machine counted."""
