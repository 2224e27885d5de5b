"""Quality over everything that is registered: measure once, judge as often as wanted, review what is doubtful."""
