"""Data Kiosk 2023-11-15: datasets that are asked for by queries in GraphQL.

- `schema`           the fields and types of each domain, as data
- `queries`          texts of queries, the port to Amazon, and what a killed run created
- `rows`             rows of a document, or the reason why there are none
- `sales_streams`    sales and traffic in the columns of the report
- `zero_sales`       finds periods whose zeros look wrong
"""
