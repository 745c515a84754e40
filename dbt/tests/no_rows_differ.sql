select kind, account_id, stream, date, sentence
from {{ ref('findings') }}
where kind = 'rows_differ'
order by account_id, date, stream
