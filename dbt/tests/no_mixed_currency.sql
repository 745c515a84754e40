select kind, account_id, stream, date, sentence
from {{ ref('findings') }}
where kind = 'mixed_currency'
order by account_id, date, stream
