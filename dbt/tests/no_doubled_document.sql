select kind, account_id, stream, date, sentence
from {{ ref('findings') }}
where kind = 'doubled_document'
order by account_id, date, stream
