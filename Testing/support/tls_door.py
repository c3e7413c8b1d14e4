"""A door that speaks TLS in front of a server of this computer: ``tls_door.py PORT CERTIFICATE`` prints its own port.

For archives that cannot do so themselves; ends with the process.
"""

import asyncio
import ssl
import sys


async def copy(source, target):
    while block := await source.read(65536):
        target.write(block)
        await target.drain()
    target.close()


async def main(port, certificate):
    async def pass_on(reader, writer):
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer), return_exceptions=True)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(pass_on, "127.0.0.1", 0, ssl=context)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
