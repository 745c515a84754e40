select kind, account_id, stream, date, sentence
from {{ ref('findings') }}
where kind = 'reports_disagree'
order by account_id, date, stream
