"""What a month costs: measured units of the code's real calls, times the list prices of AWS.

stage, sample, cells   a day of the example company through the real handlers
meter, benchmarks      what AWS would bill of it, and the CPU that it takes
units, functions       a month's units, function by function
endpoint, watching     the model's machines; logs, alarms and traces
bill, page, markdown   dollars, and docs/cost.md
"""
