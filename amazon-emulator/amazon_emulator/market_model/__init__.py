"""The market that all reports show: one seeded model, of which each is an aggregation.

    products    what is sold: ASIN, SKU, title of a kind of seller in a marketplace
    accounts    who advertises: `MarketAccount`, and the size of its market
    entities    campaigns, ad groups, ads, targets: ids, names, states, budgets
    combinations  which ads, targets and placements have traffic on a day
    outcomes    what came of one combination on one day: traffic, cost, conversions
    facts       `entities(account)` and `facts(account, day)`: the market as a list
    retail      what a seller or vendor sold of a product on a day

Pure: everything follows from the seed by hashing; nothing is kept, and nothing needs
its neighbours. A report type that shows the same combinations as another one has the
same totals, because both ask here.
"""
