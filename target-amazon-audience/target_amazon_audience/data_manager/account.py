"""What an account must have before anything can be made in it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from target_amazon_audience.errors import UploadError

if TYPE_CHECKING:
    from target_amazon_audience.data_manager.models import DataManagerApi
    from target_amazon_audience.data_manager.settings import DataManagerSettings

logger = logging.getLogger(__name__)


def check_account(api: DataManagerApi, settings: DataManagerSettings) -> None:
    """Make sure of terms and data room; both are made only where that is asked for.

    Raises:
        UploadError: one is missing.
        AmazonError: Amazon refuses a look-up.
    """
    _check_terms(api, settings)
    _check_dataroom(api, settings)


def _check_terms(api: DataManagerApi, settings: DataManagerSettings) -> None:
    terms = api.terms()
    if terms.is_accepted:
        return
    if not settings.accepts_terms:
        msg = (
            "The terms of Ads Data Manager are not accepted for account "
            f"{settings.account}, and Amazon wants that first: accept them in the "
            "console, or set accept_adm_terms to accept them in the name of the user "
            "who granted access."
        )
        raise UploadError(msg)
    api.accept_terms(terms.token or "")
    logger.info("The terms of Ads Data Manager were accepted, as accept_adm_terms says")


def _check_dataroom(api: DataManagerApi, settings: DataManagerSettings) -> None:
    if api.has_dataroom():
        return
    if not settings.creates_dataroom:
        msg = (
            f"Account {settings.account} has no data room: open Ads Data Manager once "
            "in the console, or set create_data_room."
        )
        raise UploadError(msg)
    api.create_dataroom()
    logger.info("The data room of account %s was made", settings.account)
