"""How long and how often these plugins wait and try, where no setting says it.

The text below each number is its line in the table of the documentation.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Every wait, cap, growth and attempt count; seconds unless the name says else."""

    connect_timeout: float = 10.0
    """A connection that takes longer has failed"""
    read_timeout: float = 60.0
    """An answer that stands still for longer has failed"""
    answer_time: float = 300.0
    """An answer that is not whole after that has failed, however it trickles"""
    retry_wait: float = 1.0
    """The first wait after a 5xx or a lost connection, doubling, less a random part"""
    max_retry_wait: float = 30.0
    """The longest of these waits"""
    max_retry_after: float = 24 * 3600.0
    """A `Retry-After` of Amazon's counts up to here"""

    token_renewed_early: float = 60.0
    """A token is renewed so long before it ends"""
    token_lifetime: float = 3600.0
    """How long a token lives where the answer does not say it"""
    max_token_lifetime: float = 24 * 3600.0
    """No token is taken to live longer"""
    token_attempts: int = 8
    """Requests for a token that may be throttled (429) before the call fails"""
    token_first_wait: float = 1.0
    """The first wait between them where Amazon names none, doubling"""
    token_max_wait: float = 60.0
    """The longest of these waits"""

    list_first_wait: float = 2.0
    """The first wait after a throttled list, or one that cannot be had, doubling"""
    list_max_wait: float = 60.0
    """The longest of these waits; the tries end with the run's time"""

    poll_growth: float = 1.5
    """`poll_interval_seconds` grows by this factor up to its maximum"""
    least_poll_share: float = 0.25
    """Where something is known of other reports, a wait between two looks is at least
    this share of `poll_interval_seconds`"""
    most_poll_share: float = 4.0
    """And at most this many times `poll_interval_max_seconds`"""
    early_news: int = 10_000
    """Notifications of reports not known yet that are remembered"""
    conflict_wait: float = 60.0
    """Until a create is tried again that another report stands in the way of (425)"""
    next_part_wait: float = 1.0
    """Until the next part of a report in parts is asked for: by then the id of the one
    before is in the state"""
    no_document_wait: float = 30.0
    """Until a report that is complete without a document is looked at again"""
    unreachable_attempts: int = 3
    """Calls about one report that fail, while others are answered, before the next
    run has to see to it"""
    max_outage: float = 900.0
    """How long 5xx are waited out while no call at all is answered otherwise; what
    cannot be reached is waited for until the run's time is up"""
    document_attempts: int = 2
    """Times a damaged document is downloaded"""
    refusals_to_report: int = 10
    """A report type throttled so often and never accepted is named as refused"""

    first_interval: float = 1.0
    """Between two calls of one kind after their first 429; doubles with each"""
    max_interval: float = 60.0
    """The longest of these intervals"""
    interval_recovery: float = 0.7
    """Each success multiplies the interval by this"""
    forgotten_interval: float = 0.05
    """An interval this short is none any more"""
    max_throttle_wait: float = 300.0
    """The longest wait after a 429 where Amazon names none"""

    grace: float = 10.0
    """How long calls under way may still answer after the time is up"""
    download_grace: float = 60.0
    """How long a download may stand still after the time is up"""
    max_nap: float = 0.25
    """A waiting run looks up this often: for signals and progress"""
    await_ids: float = 0.3
    """How long the end of a run waits for the ids of reports asked for just now"""
    connection_test: float = 120.0
    """How long a connection test waits for reports"""
    stop: float = 1.2
    """How long after a signal the line under way may take"""
    last_state: float = 0.3
    """How long the last state may take after that, at least"""
    state_pause: float = 1.0
    """Between two states, at least"""
    state_share: float = 20.0
    """And at least this many times what the last state took to write"""
    state_rate: float = 500_000.0
    """And so long that states are no more than this many bytes a second"""
    max_state_pause: float = 60.0
    """The longest pause that their size makes"""
    urgent_state_share: float = 10.0
    """By what that pause is divided where an id that got lost is asked for twice"""


POLICY = RetryPolicy()
