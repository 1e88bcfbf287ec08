"""Question sets: JSONL, CSV and the built-in ones."""

import json
from collections import Counter
from dataclasses import FrozenInstanceError

import pytest

from fjsim.errors import QuestionError
from fjsim.questions import load_questions

GOOD = {"id": "a", "question": "Which?", "options": ["red", "green", "blue"], "answer": 1}


@pytest.fixture
def written(tmp_path):
    def write(text, name="set.jsonl"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def jsonl(*records):
    return "".join(json.dumps(record) + "\n" for record in records)


def numbered(count):
    return [{**GOOD, "id": f"q{number}"} for number in range(1, count + 1)]


@pytest.mark.parametrize("answer", [1, "b", "B", "green", " green "])
def test_answer_is_an_index_a_letter_or_a_text(written, answer) -> None:
    (question,) = load_questions(written(jsonl({**GOOD, "answer": answer})))
    assert question.key == 1


@pytest.mark.parametrize("answer", ["1", "b", "green"])
def test_csv_answer_is_an_index_a_letter_or_a_text(written, answer) -> None:
    path = written(f"id,question,options,answer\na,Which?,red|green|blue,{answer}\n", "set.csv")
    (question,) = load_questions(path)
    assert (question.key, question.options) == (1, ("red", "green", "blue"))


def test_text_of_an_option_goes_before_a_letter(written) -> None:
    options = ["b", "a", "c"]
    (question,) = load_questions(written(jsonl({**GOOD, "options": options, "answer": "a"})))
    assert question.key == 1


def test_question_without_key_is_kept(written) -> None:
    (question,) = load_questions(written(jsonl({**GOOD, "answer": None})))
    assert question.key is None


def test_subject_is_kept_and_text_is_trimmed(written) -> None:
    record = {**GOOD, "question": "  Which? ", "subject": "colours"}
    (question,) = load_questions(written(jsonl(record)))
    assert (question.text, question.subject, question.n_options) == ("Which?", "colours", 3)


def test_questions_without_id_are_named_by_their_line(written) -> None:
    plain = {key: value for key, value in GOOD.items() if key != "id"}
    path = written(jsonl(plain) + "\n" + jsonl({**plain, "id": None}))
    assert [question.id for question in load_questions(path)] == ["q1", "q3"]


def test_number_may_be_an_id(written) -> None:
    assert load_questions(written(jsonl({**GOOD, "id": 0})))[0].id == "0"


@pytest.mark.parametrize(
    "text",
    [
        'question,options,answer\nWhich?,"[""red"", ""green|lime"", ""blue""]",0\n',
        "question,option_a,option_b,option_c,answer\nWhich?,red,green|lime,blue,A\n",
        "question,answer,option_c,option_b,option_a\nWhich?,red,blue,green|lime,red\n",
    ],
)
def test_csv_options_stand_in_one_column_or_several(written, text) -> None:
    (question,) = load_questions(written(text, "set.csv"))
    assert (question.options, question.key) == (("red", "green|lime", "blue"), 0)


@pytest.mark.parametrize("names", ["A,B,C", "a,b,c", "option_A,option_B,option_C", "Option a,B,c"])
def test_csv_columns_of_options_may_be_called_by_their_letters(written, names) -> None:
    text = f"question,{names},answer\nWhich?,red,green,blue,C\n"
    (question,) = load_questions(written(text, "set.csv"))
    assert (question.options, question.key) == (("red", "green", "blue"), 2)


def test_csv_columns_of_options_leave_no_gap_that_would_move_a_letter(written) -> None:
    text = "question,A,B,C,answer\nWhich?,red,,blue,C\n"
    with pytest.raises(QuestionError, match="line 2: option B is empty and C is not"):
        load_questions(written(text, "set.csv"))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("id;question;options;answer", "separated by ';'; separate them by commas"),
        ("id,text,options,answer", "no column 'question' among 'id, text, options, answer'"),
        ("id,question,choices,answer", r"no options among the columns .*red.green.blue"),
    ],
)
def test_csv_header_that_is_none_of_ours_is_named(written, header, message) -> None:
    with pytest.raises(QuestionError, match=message):
        load_questions(written(header + "\n" + header + "\n", "set.csv"))


@pytest.mark.parametrize(
    ("options", "answer", "key"), [("54|56|58|64", "56", 1), ("0|1|2", "1", 1), ("x|y|z", "2", 2)]
)
def test_number_is_the_text_of_an_option_before_it_is_an_index(
    written, options, answer, key
) -> None:
    path = written(f"question,options,answer\nHow many?,{options},{answer}\n", "set.csv")
    assert load_questions(path)[0].key == key


@pytest.mark.parametrize("name", ["set.csv", "set.jsonl"])
def test_number_that_is_one_options_text_and_anothers_index_is_refused(written, name) -> None:
    text = "question,options,answer\nSides of a triangle?,1|2|3|4,3\n"
    if name == "set.jsonl":
        text = jsonl({"question": "Sides?", "options": ["1", "2", "3", "4"], "answer": 3})
    with pytest.raises(QuestionError) as caught:
        load_questions(written(text, name))
    assert str(caught.value).endswith(
        "answer 3 is the text of option C ('3') and the 0-based index of option D ('4'); write C "
        "or D"
    )


def test_csv_row_may_have_fewer_options_than_another(written) -> None:
    text = "question,option_a,option_b,option_c,answer\nOne?,x,y,,B\nTwo?,x,y,z,C\n"
    sizes = [question.n_options for question in load_questions(written(text, "set.csv"))]
    assert sizes == [2, 3]


def test_byte_order_mark_windows_lines_and_blank_lines_do_no_harm(written) -> None:
    text = "\ufeff" + jsonl(GOOD).replace("\n", "\r\n") + "\r\n\r\n"
    assert len(load_questions(written(text))) == 1


def test_line_separator_inside_a_text_ends_no_line(written) -> None:
    line = json.dumps({**GOOD, "question": "One\u2028two\x85three?"}, ensure_ascii=False)
    (question,) = load_questions(written(line + "\n"))
    assert question.text == "One\u2028two\x85three?"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"question": "Which?', "line 37: not JSON"),
        ("[" * 100_000, "line 37: not JSON .nested too deeply"),
        ("[1, 2]", "line 37: a JSON object is needed, got list"),
        (json.dumps({**GOOD, "question": " "}), "line 37: 'question' is missing"),
        (json.dumps({**GOOD, "question": 5}), "line 37: 'question' is missing"),
        (json.dumps({"question": "Which?", "answer": 0}), "line 37: 'options' must be a list"),
        (json.dumps({**GOOD, "options": ["one"]}), "line 37: 'options' must be a list of 2 to 26"),
        (json.dumps({**GOOD, "options": ["a", 2]}), "line 37: every option must be text"),
        (json.dumps({**GOOD, "options": ["a", ""]}), "line 37: every option must be text"),
        (json.dumps({**GOOD, "answer": 3}), r"line 37: answer 3 is out of range; give an index 0"),
        (json.dumps({**GOOD, "answer": -1}), "line 37: answer -1 is out of range"),
        (json.dumps({**GOOD, "answer": "D"}), "line 37: answer 'D' matches no option"),
        (json.dumps({**GOOD, "answer": "pink"}), r"letter A\.\.C or an option's text"),
        (json.dumps({**GOOD, "answer": True}), "line 37: answer True matches no option"),
        (json.dumps({**GOOD, "answer": 1.0}), "line 37: answer 1.0 matches no option"),
        (
            json.dumps({**GOOD, "options": ["x", "x", "y"], "answer": "x"}),
            "line 37: two options read 'x'; give the answer as a letter",
        ),
        (json.dumps({**GOOD, "id": "q5"}), "line 37: id 'q5' stands already at .*line 5"),
    ],
)
def test_broken_line_37_is_named_with_its_file(written, line, message) -> None:
    good = jsonl(*numbered(40)).splitlines()
    path = written("\n".join([*good[:36], line, *good[37:]]))
    with pytest.raises(QuestionError, match=message) as caught:
        load_questions(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("q36,Which?,a|b,7", "answer 7 is out of range"),
        ("q36,Which?,a|b,a,surplus", "more columns than the header has"),
        ('q36,Which?,"[""a"", ]",0', "options are not a JSON list"),
        ("q36,Which?,,0", "'options' must be a list .*red.green.blue or as a JSON list, or in col"),
        ("q36,Which?,a;b;c,0", "'options' 'a;b;c' is one option; write them in one column"),
        ("q36,,a|b,0", "'question' is missing"),
        ("q2,Which?,a|b,0", "id 'q2' stands already at .*line 3"),
    ],
)
def test_broken_line_37_of_a_csv_is_named(written, row, message) -> None:
    rows = ["id,question,options,answer", *(f"q{number},Which?,a|b,0" for number in range(1, 41))]
    rows[36] = row
    path = written("\n".join(rows), "set.csv")
    with pytest.raises(QuestionError, match=f"line 37: {message}") as caught:
        load_questions(path)
    assert str(path) in str(caught.value)


def test_equal_options_are_fine_with_an_index(written) -> None:
    record = {**GOOD, "options": ["x", "x", "y"], "answer": 1}
    assert load_questions(written(jsonl(record)))[0].answer == 1


@pytest.mark.parametrize(
    ("text", "name"), [("", "set.jsonl"), ("\n \n", "set.jsonl"), ("question,options\n", "set.csv")]
)
def test_empty_set_is_refused(written, text, name) -> None:
    with pytest.raises(QuestionError, match="no questions in it"):
        load_questions(written(text, name))


def test_limit_keeps_the_first(written) -> None:
    path = written(jsonl(*numbered(5)))
    assert [question.id for question in load_questions(path, 2)] == ["q1", "q2"]
    assert len(load_questions(path, 50)) == 5


def test_limit_below_one_is_refused() -> None:
    with pytest.raises(QuestionError, match=r"questions\.limit is 0"):
        load_questions("builtin", 0)


def test_missing_file_is_one_clear_line(tmp_path) -> None:
    with pytest.raises(QuestionError, match="no such file"):
        load_questions(tmp_path / "nowhere.jsonl")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("questions.txt", "end in .jsonl or .csv"),
        ("builtn", r"did you mean 'builtin'\?"),
        ("builtin:genral", r"no built-in question set.*did you mean 'builtin:general'\?"),
    ],
)
def test_other_sources_are_refused(source, message) -> None:
    with pytest.raises(QuestionError, match=message):
        load_questions(source)


def test_file_whose_name_starts_like_the_builtin_set_is_a_file(written, monkeypatch) -> None:
    monkeypatch.chdir(written(jsonl(GOOD), "builtin_mine.jsonl").parent)
    assert len(load_questions("builtin_mine.jsonl")) == 1


@pytest.mark.parametrize("name", ["set.jsonl", "set.csv"])
def test_file_that_is_no_text_is_refused(tmp_path, name) -> None:
    (tmp_path / name).write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(QuestionError, match="cannot be read as UTF-8 text"):
        load_questions(tmp_path / name)


def test_question_is_frozen(written) -> None:
    (question,) = load_questions(written(jsonl(GOOD)))
    with pytest.raises(FrozenInstanceError):
        question.key = 2  # type: ignore[misc]


def test_builtin_set_has_two_halves_of_a_hundred() -> None:
    halves = load_questions("builtin:general") + load_questions("builtin:tools")
    assert load_questions("builtin") == halves
    assert [len(load_questions(f"builtin:{half}")) for half in ("general", "tools")] == [100, 100]


@pytest.mark.parametrize("half", ["general", "tools"])
def test_builtin_answers_are_balanced_over_five_positions(half) -> None:
    questions = load_questions(f"builtin:{half}")
    assert Counter(question.key for question in questions) == dict.fromkeys(range(5), 20)
    assert {question.n_options for question in questions} == {5}


def test_builtin_questions_are_unique_with_distinct_options() -> None:
    questions = load_questions("builtin")
    assert len({question.id for question in questions}) == 200
    assert len({question.text.casefold() for question in questions}) == 200
    for question in questions:
        assert len({option.casefold() for option in question.options}) == 5


def test_builtin_general_half_covers_at_least_six_subjects() -> None:
    subjects = Counter(question.subject for question in load_questions("builtin:general"))
    assert len(subjects) >= 6
    assert "" not in subjects
    assert max(subjects.values()) <= 20


@pytest.mark.parametrize("half", ["general", "tools"])
def test_longest_option_is_hardly_more_often_right_than_another(half) -> None:
    questions = load_questions(f"builtin:{half}")
    lengths = [[len(option) for option in question.options] for question in questions]
    longest = [
        sizes[question.key] > max(sizes[: question.key] + sizes[question.key + 1 :])
        for question, sizes in zip(questions, lengths, strict=True)
    ]
    assert sum(longest) <= 30
