select kind, account_id, stream, date, sentence
from {{ ref('findings') }}
where kind = 'late_account'
order by account_id, date, stream
