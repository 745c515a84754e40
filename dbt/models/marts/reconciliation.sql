-- The total of one account and day in each report that must have the same, metric by metric.
with totals as (

    select * from {{ ref('int_stream_totals') }}

),

{# A day that a document covered without rows has totals of 0. -#}
streams as (

    {% for ad_product, streams in amazon_singer.compared_streams() -%}
    {% for stream, metrics, currency in streams -%}
    {% for metric in amazon_singer.common_metrics() if metric in metrics -%}
    select '{{ ad_product }}' as ad_product, '{{ stream }}' as stream, {{ streams.index([stream, metrics, currency]) + 1 }} as preference, '{{ metric }}' as metric union all
    {% endfor -%}
    {% endfor -%}
    {% endfor -%}
    {% for entry in amazon_singer.compared_retail_streams() -%}
    {% for metric in ['sales', 'units_sold'] -%}
    select '{{ entry[0] }}' as ad_product, '{{ entry[1] }}' as stream, {{ entry[2] }} as preference, '{{ metric }}' as metric {{ 'union all' if not (loop.last and entry[1] == 'vendor_sales_by_asin') }}
    {% endfor -%}
    {% endfor %}
),

empty_days as (

    select distinct
        days.source_name,
        days.stream,
        days.account_id,
        days.marketplace_id,
        days.date,
        days.fetched_at
    from {{ ref('int_report_days') }} as days
    where days.document_age = 1
        and days.row_count = 0
        and days.source_name = 'amazon_ads'

),

figures as (

    {% for metric in amazon_singer.common_metrics() -%}
    select
        totals.ad_product,
        totals.stream,
        totals.account_id,
        totals.marketplace_id,
        totals.part,
        totals.date,
        totals.currency_code,
        '{{ metric }}' as metric,
        totals.{{ metric }} as found,
        totals.extracted_at as read_at
    from totals
    where totals.{{ metric }} is not null

    union all
    {% endfor %}
    select
        streams.ad_product,
        streams.stream,
        empty_days.account_id,
        empty_days.marketplace_id,
        '' as part,
        empty_days.date,
        cast(null as {{ dbt.type_string() }}) as currency_code,
        streams.metric,
        {{ amazon_singer.cast_to('0', 'decimal') }} as found,
        empty_days.fetched_at as read_at
    from empty_days
    inner join streams
        on empty_days.stream = streams.stream
    left join totals
        on empty_days.stream = totals.stream
            and empty_days.account_id = totals.account_id
            and empty_days.date = totals.date
    where totals.stream is null

),

known as (

    select
        figures.*,
        streams.preference,
        coalesce(exceptions.relation, 'equal') as relation,
        exceptions.reason,
        max(figures.read_at) over (
            partition by figures.ad_product, figures.account_id, coalesce(figures.marketplace_id, ''), figures.part, figures.date
        ) as newest_read_at
    from figures
    inner join streams
        on figures.stream = streams.stream
            and figures.metric = streams.metric
    left join {{ ref('reconciliation_exceptions') }} as exceptions
        on figures.stream = exceptions.stream
            and exceptions.metric in (figures.metric, 'all')

),

timed as (

    select
        known.*,
        case
            when {{ dbt.datediff('read_at', 'newest_read_at', 'hour') }} > {{ var('amazon_comparable_hours') }} then false
            else true
        end as is_comparable
    from known
    where relation <> 'not_compared'

),

{# What most reports say is expected; where no two agree, what the first one says. -#}
votes as (

    select
        ad_product,
        account_id,
        coalesce(marketplace_id, '') as marketplace,
        part,
        date,
        metric,
        found,
        count(*) as streams,
        min(preference) as preference,
        min(stream) as example
    from timed
    where relation = 'equal'
        and is_comparable
    group by ad_product, account_id, coalesce(marketplace_id, ''), part, date, metric, found

),

ranked_votes as (

    select
        votes.*,
        sum(streams) over (
            partition by ad_product, account_id, marketplace, part, date, metric
        ) as compared_streams,
        row_number() over (
            partition by ad_product, account_id, marketplace, part, date, metric
            order by streams desc, preference
        ) as choice
    from votes

),

compared as (

    select
        timed.ad_product,
        timed.account_id,
        timed.marketplace_id,
        timed.part,
        timed.date,
        timed.currency_code,
        timed.metric,
        timed.stream,
        timed.found,
        expected.found as expected,
        expected.streams as streams_that_say_so,
        expected.example as example_stream,
        timed.found - expected.found as difference,
        timed.relation,
        timed.reason,
        timed.read_at,
        case
            when not timed.is_comparable then 'read at another time'
            when expected.found is null then 'nothing to compare with'
            when timed.relation = 'equal' and expected.compared_streams < 2 then 'nothing to compare with'
            when timed.relation = 'at_most' and timed.found <= expected.found + abs(expected.found) * {{ var('amazon_tolerance_percent') }} / 100 then 'agrees'
            when timed.relation = 'equal' and abs(timed.found - expected.found) <= abs(expected.found) * {{ var('amazon_tolerance_percent') }} / 100 then 'agrees'
            else 'disagrees'
        end as status
    from timed
    left join ranked_votes as expected
        on timed.ad_product = expected.ad_product
            and timed.account_id = expected.account_id
            and coalesce(timed.marketplace_id, '') = expected.marketplace
            and timed.part = expected.part
            and timed.date = expected.date
            and timed.metric = expected.metric
            and expected.choice = 1

)

select
    compared.*,
    accounts.account_name
from compared
left join {{ ref('int_accounts') }} as accounts
    on compared.account_id = accounts.account_id
