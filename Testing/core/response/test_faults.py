"""Faults seen in other tools, one test each: what must not happen here."""


def sums(ask, baseline, nadir, current, **profile):
    given = {"baseline_sum": baseline, "nadir_sum": nadir, "current_sum": current}
    return ask("target-response", given, None, **profile)


def lesion(key, long=None, **more):
    return {"id": key, "organ": "liver", "nodal": False, "long": long, **more}


def test_epad_progression_is_against_the_nadir_and_response_against_the_baseline(ask):
    assert sums(ask, 100, 50, 61)["response"] == "PD"  # +22 % from the nadir, -39 % from the baseline
    assert sums(ask, 100, 80, 70)["response"] == "PR"  # only -12.5 % from the nadir
    assert sums(ask, 100, 100, 71)["response"] == "SD"


def test_epad_5_mm_rule(ask):
    assert sums(ask, 20, 20, 24)["response"] == "SD"


def test_epad_patients_with_nodes_can_be_cr(ask):
    given = {"baseline": [{"id": "N", "organ": "node", "nodal": True, "short": 20}]}
    given["visits"] = [{"date": "2020-02-01", "lesions": [{"id": "N", "short": 8}]}]
    assert ask("target-response", given)["response"] == "CR"


def test_epad_nadir_follows_every_smaller_sum(ask):
    visits = [{"date": f"2020-0{m}-01", "sum": s} for m, s in ((2, 80), (3, 75), (4, 78), (5, 90))]
    rows = ask("target-response", {"baseline_sum": 100, "visits": visits})["per_visit"]
    assert [r["nadir_before"] for r in rows] == ["100.0", "80.0", "75.0", "75.0"]
    assert rows[-1]["response"] == "PD"


def test_epad_no_absurd_percentage_at_zero(ask, ask_raw):
    assert sums(ask, 100, 0, 10)["percent_from_nadir"] is None
    line = ask_raw("target-response", {"baseline_sum": 0, "nadir_sum": 0, "current_sum": 10})
    assert "baseline" in line["error"]


def test_lesiontracker_thin_slices_and_nodes_have_no_thickness_rule(ask):
    thin = {**lesion("A", 10), "slice_thickness": 5}
    thick_node = {"id": "N", "organ": "node", "nodal": True, "short": 15, "slice_thickness": 8}
    assert ask("select-targets", {"candidates": [thin, thick_node]})["selected"] == ["N", "A"]


def test_lesiontracker_split_lesions_count(ask):
    parts = [lesion("A1", 30, parent="A"), lesion("A2", 25, parent="A")]
    given = {"baseline": [lesion("A", 50)], "visits": [{"date": "2020-02-01", "lesions": parts}]}
    assert ask("target-response", given)["sum"] == "55.0"


def test_heparecist_unmatched_target_is_not_left_out_of_the_sum(ask):
    rows = [lesion("A", 30)]
    given = {
        "baseline": [lesion("A", 30), lesion("B", 40)],
        "visits": [{"date": "2020-02-01", "lesions": rows}],
    }
    answer = ask("target-response", given)
    assert (answer["response"], answer["complete"]) == ("NE", False)


def test_heparecist_per_organ_limit(ask):
    given = {"candidates": [lesion(key, size) for key, size in (("A", 30), ("B", 20), ("C", 15))]}
    assert ask("select-targets", given)["selected"] == ["A", "B"]


def test_bvphoenix_new_lesion_with_a_missing_sum_is_pd(ask):
    given = {"target": "NE", "non_target": "NE", "new_lesion": "unequivocal"}
    assert ask("timepoint-response", given)["response"] == "PD"


def test_bvphoenix_missing_diameter_is_not_zero(ask):
    rows = [lesion("A", 30), lesion("B", None)]
    given = {
        "baseline": [lesion("A", 30), lesion("B", 40)],
        "visits": [{"date": "2020-02-01", "lesions": rows}],
    }
    assert ask("target-response", given)["response"] == "NE"


def test_pyrecist_knows_cr_and_goes_on_after_it(ask):
    visits = [{"date": f"2020-0{m}-01", "sum": s} for m, s in ((2, 0), (3, 0), (4, 12))]
    rows = ask("target-response", {"baseline_sum": 30, "visits": visits})["per_visit"]
    assert [r["response"] for r in rows] == ["CR", "CR", "PD"]


def test_pyrecist_goes_on_after_pd(ask):
    visits = [{"date": f"2020-0{m}-01", "sum": s} for m, s in ((2, 130), (3, 60))]
    rows = ask("target-response", {"baseline_sum": 100, "visits": visits})["per_visit"]
    assert [r["response"] for r in rows] == ["PD", "PR"]


def test_admiralonco_early_cr_then_sd_is_pd(ask):
    visits = [{"date": "2020-01-20", "response": "CR"}, {"date": "2020-03-20", "response": "SD"}]
    given = {"reference_date": "2020-01-01", "visits": visits}
    assert ask("best-response", given, confirmation=True)["best_response"] == "PD"


def test_admiralonco_cr_then_pr_does_more_than_warn(ask_raw):
    visits = [{"date": "2020-03-20", "response": "CR"}, {"date": "2020-05-20", "response": "PR"}]
    line = ask_raw("best-response", {"reference_date": "2020-01-01", "visits": visits}, confirmation=True)
    assert line["reader_decision"]["kind"] == "cr-then-lesser"


def test_admiralonco_date_of_pd_after_an_early_pr(ask):
    visits = [{"date": "2020-01-20", "response": "PR"}, {"date": "2020-03-20", "response": "PD"}]
    given = {"reference_date": "2020-01-01", "visits": visits}
    assert ask("best-response", given, confirmation=True) == {"best_response": "PD", "date": "2020-03-20"}


def test_lilly_percentages_are_not_rounded_before_comparing(ask):
    assert sums(ask, 1000, 1000, 704)["response"] == "SD"  # -29.6 %
    assert sums(ask, "100.00", "100.00", "70.001")["response"] == "SD"
    assert sums(ask, "100", "100", "119.999")["response"] == "SD"


def test_lilly_pd_is_tested_before_pr(ask):
    assert sums(ask, 100, 30, 60)["response"] == "PD"


def test_recist_tracker_empty_value_is_no_false_nadir(ask):
    baseline = [lesion("A", 50), lesion("B", 30)]
    visits = [
        {"date": "2020-02-01", "lesions": [lesion("A", 25), lesion("B", None)]},
        {"date": "2020-03-01", "lesions": [lesion("A", 25), lesion("B", 30)]},
    ]
    rows = ask("target-response", {"baseline": baseline, "visits": visits})["per_visit"]
    assert (rows[1]["nadir_before"], rows[1]["response"]) == ("80.0", "PR")


def test_medpace_prompts_are_in_the_answer(ask):
    """What a quality layer needs to prompt a reader is in every answer: distance to the threshold, change, category."""
    answer = sums(ask, 100, 100, 72)
    assert (answer["percent_from_baseline"], answer["arithmetic_response"]) == ("-28.00", "SD")
