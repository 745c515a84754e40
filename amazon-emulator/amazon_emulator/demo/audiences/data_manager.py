"""The same customers by Ads Data Manager: one load, shared with AMC and a DSP account.

The manager account has accepted the terms and has a data room, as a person would see to
in the console. Then the members of both ways are compared, hash by hash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import click

from amazon_emulator.data_manager.contract import HASHED_FIELDS
from amazon_emulator.demo.audiences.pipe import CustomerPipe, FailedStepError
from amazon_emulator.demo.customers import customer
from amazon_emulator.http import Json

MANAGER, DSP_ADVERTISER = "amzn1.ads1.ma1.na7k2", "7051069373501"
_APPLICATIONS = {"AMAZON_MARKETING_CLOUD": "AMC", "DSP_AUDIENCES": "DSP"}
_ROW = "  {:<9} {:>9} {:>9} {:>18}   {}"
_Hashes = Mapping[str, Sequence[Json]]
_INTRODUCTION = """
The same list by the other way, Ads Data Manager (experimental). One load fills a
dataset, and sharing rules hand it to Amazon Marketing Cloud and to a DSP account:

  api: ads_data_manager, target: AMC_AND_DSP, consent: {amznuserdata: GRANTED}
"""


@dataclass(slots=True)
class DataManagerDemo:
    """One run behind those of the audience API, with a database of its own."""

    pipe: CustomerPipe

    def run(self, numbers: Sequence[int]) -> None:
        """Load these customers, share them, compare and print.

        Raises:
            FailedStepError: the members are not those of the other way.
        """
        client = self.pipe.emulator.client
        client.set_adm_account(MANAGER, terms_accepted=True, dataroom=True)
        click.echo(_INTRODUCTION)
        rows = [customer(number) for number in numbers]
        report = self.pipe.run("data manager", rows, self._settings())
        before, found = self._audience(), self._dataset()
        alike = sum(found.get(user) == hashes for user, hashes in before.items())
        click.echo(
            _ROW.format("mode", "records", "members", "hashes alike", "shared with")
        )
        rules = ", ".join(
            f"{_APPLICATIONS[rule.application]} ({rule.status})"
            for rule in client.adm_rules()
        )
        click.echo(
            _ROW.format(
                *("APPEND", f"{report['records']:,}", f"{len(found):,}"),
                *(f"{alike:,} of {len(before):,}", rules),
            )
        )
        if found != before or len(client.adm_rules()) != len(_APPLICATIONS):
            msg = f"the dataset holds {len(found)} members, {alike} with equal hashes."
            raise FailedStepError(msg)

    def _settings(self) -> dict[str, object]:
        return {
            "api": "ads_data_manager",
            "manager_account_id": MANAGER,
            "target": "AMC_AND_DSP",
            "dsp_advertiser_id": DSP_ADVERTISER,
            "upload_mode": "APPEND",
            "consent": {"amznuserdata": "GRANTED"},
            "state_path": str(self.pipe.folder / "data-manager.sqlite3"),
        }

    def _audience(self) -> _Hashes:
        """Return user -> hashes of the audience that the other way has made."""
        client = self.pipe.emulator.client
        [audience] = client.audiences()
        members = client.audience_members(audience.audience_id)
        return {user: list(view.hashed_pii) for user, view in members.items()}

    def _dataset(self) -> _Hashes:
        """Return user -> hashes of the dataset, under the names of the other way."""
        client = self.pipe.emulator.client
        [dataset] = client.adm_datasets()
        return {
            user: [
                {HASHED_FIELDS[name]: value for name, value in item.items()}
                for item in view.hashed_piis
            ]
            for user, view in client.adm_members(dataset.dataset_id).items()
        }
