-- What was sold of each product and day: sellers by sales and traffic, vendors by vendor sales.
with seller as (

    select
        'SELLER' as account_type,
        account_name,
        marketplace_id,
        window_start as date,
        '' as distributor_view,
        parent_asin as asin,
        {% if var('amazon_asin_granularity') == 'PARENT' -%}
        cast(null as {{ dbt.type_string() }}) as child_asin,
        {%- else -%}
        child_asin,
        {%- endif %}
        sales_by_asin__ordered_product_sales__currency_code as currency_code,
        sales_by_asin__ordered_product_sales__amount as ordered_sales,
        sales_by_asin__units_ordered as ordered_units,
        {{ amazon_singer.cast_to('null', 'decimal') }} as shipped_sales,
        {{ amazon_singer.cast_to('null', 'integer') }} as shipped_units,
        traffic_by_asin__page_views as page_views,
        extracted_at
    from {{ ref('stg_amazon_sp__sales_and_traffic_by_asin') }}
    where window_start = window_end
        and asin_granularity = '{{ var('amazon_asin_granularity') }}'

),

vendor as (

    select
        'VENDOR' as account_type,
        sales.account_name,
        sales.marketplace_id,
        sales.start_date as date,
        sales.distributor_view,
        sales.asin,
        cast(null as {{ dbt.type_string() }}) as child_asin,
        coalesce(sales.ordered_revenue__currency_code, sales.shipped_revenue__currency_code) as currency_code,
        sales.ordered_revenue__amount as ordered_sales,
        sales.ordered_units,
        sales.shipped_revenue__amount as shipped_sales,
        sales.shipped_units,
        traffic.glance_views as page_views,
        sales.extracted_at
    from {{ ref('stg_amazon_sp__vendor_sales_by_asin') }} as sales
    left join {{ ref('stg_amazon_sp__vendor_traffic_by_asin') }} as traffic
        on sales.account_name = traffic.account_name
            and sales.marketplace_id = traffic.marketplace_id
            and sales.report_period = traffic.report_period
            and sales.start_date = traffic.start_date
            and sales.asin = traffic.asin
    where sales.report_period = 'DAY'
        and sales.selling_program = 'RETAIL'

)

select * from seller
union all
select * from vendor
