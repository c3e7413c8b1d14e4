"""What runs for a read: propose, adapt, follow. The only room that knows both decisions and networks."""

from HCCResponseLib.adapt import engine as adapted
from HCCResponseLib.engines.registry import register

register(adapted)
