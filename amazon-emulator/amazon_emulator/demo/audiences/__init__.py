"""The part of the demo about customers: a CSV file becomes an audience, by both APIs.

pipe           one run of `tap-customer-file | target-amazon-audience`
steps          five runs by the audience API of Amazon Marketing Cloud
data_manager   one run by Ads Data Manager, and the same hashes
"""
