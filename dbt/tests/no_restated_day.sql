select kind, account_id, stream, date, sentence
from {{ ref('findings') }}
where kind = 'restated_day'
order by account_id, date, stream
