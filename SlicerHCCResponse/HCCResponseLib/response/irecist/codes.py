"""The two spellings of responses: RECIST and iRECIST."""

from HCCResponseLib.response.types import Response

_TO_IMMUNE = {
    Response.CR: Response.ICR,
    Response.PR: Response.IPR,
    Response.SD: Response.ISD,
    Response.NON_CR_NON_PD: Response.NON_ICR_NON_IUPD,
    Response.PD: Response.IUPD,
}
_TO_RECIST = {immune: recist for recist, immune in _TO_IMMUNE.items()}


def to_immune(response: Response) -> Response:
    """iRECIST spelling; PD becomes iUPD, since iCPD needs a second time point. NE, NA, NED, MISSING stay."""
    return _TO_IMMUNE.get(response, response)


def to_recist(response: Response) -> Response:
    """RECIST spelling; iUPD becomes PD, iCPD too."""
    return Response.PD if response is Response.ICPD else _TO_RECIST.get(response, response)
