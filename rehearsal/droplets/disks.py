"""Volumes: loop devices over sparse files of the box."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from rehearsal.emulator import MachineError, Volume

from .command import run

GIBIBYTE = 1024**3
LOOP_MAJOR = 7
FORMAT_SECONDS = 120
FORMATTERS = {"ext4": ("mkfs.ext4", "-q", "-F", "-L"), "xfs": ("mkfs.xfs", "-q", "-f", "-L")}


class Disks:
    """The files, and the loop devices over them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def connect(self, volume: Volume) -> int:
        """Minor number of the volume's loop device. At the first time its file is made, and formatted if asked."""
        path = self._have(volume)
        device = self._device(path) or run("losetup", "--find", "--show", str(path)).strip()
        return os.minor(os.stat(device).st_rdev)

    def disconnect(self, volume: str) -> None:
        """Frees the loop device. The kernel does so when its last mount is gone."""
        if device := self._device(self._path(volume)):
            run("losetup", "--detach", device)

    def grow(self, volume: Volume) -> None:
        """File and device to the volume's size; the file system inside is its owner's business, as on the real one."""
        path = self._have(volume)
        if path.stat().st_size < volume.gibibytes * GIBIBYTE:
            os.truncate(path, volume.gibibytes * GIBIBYTE)
        if device := self._device(path):
            run("losetup", "--set-capacity", device)

    def delete(self, volume: str) -> None:
        self.disconnect(volume)
        self._path(volume).unlink(missing_ok=True)

    def clear(self) -> None:
        """All of them, also those that an earlier run left in the folder."""
        for path in self._folder.glob("*.img"):
            self.delete(path.stem)

    def _path(self, volume: str) -> Path:
        return self._folder / f"{volume}.img"

    def _have(self, volume: Volume) -> Path:
        path = self._path(volume.id)
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(".draft")
            draft.touch(mode=0o600)
            os.truncate(draft, volume.gibibytes * GIBIBYTE)
            self._format(draft, volume)
            draft.rename(path)
        return path

    @staticmethod
    def _format(path: Path, volume: Volume) -> None:
        if not volume.filesystem_type:
            return
        command = FORMATTERS[volume.filesystem_type]
        if shutil.which(command[0]) is None:
            raise MachineError(f"volume {volume.name}: {command[0]} is not installed on this machine")
        run(*command, volume.filesystem_label, str(path), timeout=FORMAT_SECONDS)

    def _device(self, path: Path) -> str:
        """The device over a file, "" for none."""
        if not path.exists():
            return ""
        return (
            run("losetup", "--noheadings", "--output", "NAME", "--associated", str(path))
            .split("\n")[0]
            .strip()
        )
