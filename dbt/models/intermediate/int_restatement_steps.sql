-- What a figure of a day was in one document, and in the one before it.
{% set metrics = amazon_singer.additive_metrics() %}
with documents as (

    select *
    from {{ ref('int_report_days') }}
    where sums is not null

),

read_again as (

    select source_name, stream, account_id, coalesce(marketplace_id, '') as marketplace, coalesce(covers, '') as part, date
    from documents
    group by source_name, stream, account_id, coalesce(marketplace_id, ''), coalesce(covers, ''), date
    having count(*) > 1

),

kept as (

    select documents.*, read_again.marketplace, read_again.part
    from documents
    inner join read_again
        on documents.source_name = read_again.source_name
            and documents.stream = read_again.stream
            and documents.account_id = read_again.account_id
            and coalesce(documents.marketplace_id, '') = read_again.marketplace
            and coalesce(documents.covers, '') = read_again.part
            and documents.date = read_again.date

),

metrics as (

    {% for metric in metrics -%}
    select '{{ metric }}' as metric{{ ' union all' if not loop.last }}
    {% endfor %}

),

figures as (

    select
        kept.source_name,
        kept.stream,
        kept.account_id,
        kept.marketplace_id,
        kept.marketplace,
        kept.part,
        kept.date,
        kept.currency_code,
        kept.report_id,
        kept.fetched_at,
        metrics.metric,
        cast(case metrics.metric
            {%- for metric in metrics %}
            when '{{ metric }}' then {{ amazon_singer.json_text('kept.sums', metric) }}
            {%- endfor %}
        end as {{ amazon_singer.decimal_type() }}) as value
    from kept
    cross join metrics

)

select
    figures.*,
    row_number() over (
        partition by source_name, stream, account_id, marketplace, part, date, metric
        order by fetched_at, report_id
    ) as document_number,
    row_number() over (
        partition by source_name, stream, account_id, marketplace, part, date, metric
        order by fetched_at desc, report_id desc
    ) as document_age,
    lag(value) over (
        partition by source_name, stream, account_id, marketplace, part, date, metric
        order by fetched_at, report_id
    ) as value_before,
    lag(fetched_at) over (
        partition by source_name, stream, account_id, marketplace, part, date, metric
        order by fetched_at, report_id
    ) as fetched_before
from figures
where value is not null
