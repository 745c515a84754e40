-- The name of each account, as people know it.
with named as (

    select account as account_id, account_name, 2 as preference
    from {{ ref('int_report_log') }}
    where account_name is not null

    union all

    select advertiser_id as account_id, name as account_name, 1 as preference
    from {{ ref('stg_amazon_ads__advertisers') }}
    where name is not null

),

numbered as (

    select
        account_id,
        account_name,
        row_number() over (partition by account_id order by preference, account_name) as choice
    from named

)

select account_id, account_name
from numbered
where choice = 1
