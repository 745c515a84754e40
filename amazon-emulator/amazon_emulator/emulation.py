"""Puts one emulator together: shared core, accounts, tokens, rooms, two origins."""

from __future__ import annotations

from amazon_emulator.ads_accounts.room import (
    AdvertisersRoom,
    ManagerAccountsRoom,
    ProfilesRoom,
)
from amazon_emulator.ads_accounts.world import World
from amazon_emulator.ads_reporting.downloads import DownloadRoom
from amazon_emulator.ads_reporting.room import ReportingRoom
from amazon_emulator.ads_reporting.store import ReportStore
from amazon_emulator.app import Application
from amazon_emulator.audiences.connections import Connections
from amazon_emulator.audiences.control import AudienceControl
from amazon_emulator.audiences.linking import ConnectionsRoom, TermsRoom
from amazon_emulator.audiences.lookups import AmcAccountsRoom, AmcInstancesRoom
from amazon_emulator.audiences.room import AudiencesRoom
from amazon_emulator.audiences.store import AudienceStore
from amazon_emulator.audiences.uploads import Uploads
from amazon_emulator.audiences.world import AmcWorld
from amazon_emulator.clock import SettableClock
from amazon_emulator.control import Control
from amazon_emulator.core import Core
from amazon_emulator.lwa.room import LwaRoom
from amazon_emulator.lwa.store import TokenStore
from amazon_emulator.selling_partner.assembly import SellingPartner
from amazon_emulator.settings import Settings
from amazon_emulator.storage import UrlSigner
from amazon_emulator.wire import Room


class Emulation:
    """One emulator without sockets: `api` and `storage` are its two WSGI apps."""

    def __init__(
        self, settings: Settings | None = None, clock: SettableClock | None = None
    ) -> None:
        self.core = Core(settings or Settings(), clock)
        self.world = World()
        self.tokens = TokenStore(self.core)
        self.reports = ReportStore(self.core)
        self.signer = UrlSigner(self.core)
        self.amc = AmcWorld(self.core, self.world)
        self.connections = Connections(self.core, self.amc)
        self.audiences = AudienceStore(self.core)
        self.selling = SellingPartner(self.core, self.signer)
        core, world, tokens = self.core, self.world, self.tokens
        self._rooms: list[Room] = [
            LwaRoom(core, tokens, self.selling.access),
            ProfilesRoom(core, world, tokens),
            AdvertisersRoom(core, world, tokens),
            ManagerAccountsRoom(core, world, tokens),
            ReportingRoom(core, world, tokens, self.reports, self.signer),
            *self._audience_rooms(),
            *self.selling.rooms,
        ]
        self._storage_rooms: list[Room] = [
            DownloadRoom(core, self.reports, self.signer),
            self.selling.downloads,
        ]
        self.api = Application(core, self._rooms, Control(self))
        self.storage = Application(core, self._storage_rooms)

    @property
    def audience_control(self) -> AudienceControl:
        """The control calls about audiences."""
        return AudienceControl(self.amc, self.connections, self.audiences)

    def _audience_rooms(self) -> list[Room]:
        core, tokens, amc = self.core, self.tokens, self.amc
        connections, audiences = self.connections, self.audiences
        uploads = Uploads(core, amc, connections, audiences)
        return [
            AmcAccountsRoom(core, amc, tokens),
            AmcInstancesRoom(core, amc, tokens),
            ConnectionsRoom(connections, tokens, audiences.tally),
            TermsRoom(core, amc, tokens),
            AudiencesRoom(core, tokens, amc, connections, audiences, uploads),
        ]

    def reset(self) -> None:
        """Forget everything and return to the first settings."""
        self.core.reset()
        for room in (*self._rooms, *self._storage_rooms):
            room.reset()

    def close(self) -> None:
        """Remove the temporary files."""
        self.reports.close()
        self.selling.close()
