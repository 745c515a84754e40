{{ config(severity='warn') }}
select kind, account_id, stream, date, sentence
from {{ ref('findings') }}
where kind = 'unfinished_stream'
order by account_id, date, stream
