select kind, account_id, stream, date, sentence
from {{ ref('findings') }}
where kind = 'unknown_campaign'
order by account_id, date, stream
