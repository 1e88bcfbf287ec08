"""Marks by which the chat templates of known models tell who speaks, and where a message ends."""

MARKS = (
    # ChatML: Qwen, Yi, SmolLM, InternLM
    *("<|im_start|>", "<|im_end|>", "<|im_sep|>", "<|endoftext|>", "<|object_ref_start|>"),
    *("<|vision_start|>", "<|image_pad|>", "<|fim_prefix|>", "<|repo_name|>", "<|file_sep|>"),
    # Llama 2 and 3, Code Llama
    *("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "<s>", "</s>", "<unk>", "<PRE>", "<SUF>"),
    *("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>"),
    *(
        "<|eot_id|>",
        "<|eom_id|>",
        "<|python_tag|>",
        "<|reserved_special_token_0|>",
        "<|header_start|>",
    ),
    # Mistral
    *("[TOOL_CALLS]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]"),
    *("[/TOOL_RESULTS]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[IMG]", "[IMG_BREAK]"),
    *("[PREFIX]", "[SUFFIX]", "[MIDDLE]", "[THINK]", "[/THINK]", "[ARGS]", "[CALL_ID]"),
    # Gemma
    *("<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "<pad>", "<mask>", "<unused12>"),
    *("<start_of_image>", "<image_soft_token>", "<end_of_image>"),
    # Phi
    *("<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<|tool_call|>", "<|placeholder1|>"),
    # DeepSeek, whose strokes and blanks are not ASCII's
    *("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>"),
    *("<｜tool▁calls▁begin｜>", "<｜tool▁sep｜>", "<｜fim▁hole｜>", "<think>", "</think>"),
    # GPT-OSS
    *("<|start|>", "<|message|>", "<|channel|>", "<|constrain|>", "<|return|>", "<|call|>"),
    # Cohere
    *("<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>", "<|CHATBOT_TOKEN|>", "<|USER_TOKEN|>"),
    *("<BOS_TOKEN>", "<EOS_TOKEN>", "<PAD>", "<UNK>", "<CLS>", "<SEP>", "<MASK_TOKEN>"),
    # Qwen's and others' tools
    *("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<tools>", "</tools>"),
    *("<function=search>", "<parameter=query>", "<arg_key>", "<arg_value>", "<minimax:tool_call>"),
    # ChatGLM, Baichuan, InternLM, EXAONE, Skywork
    *(
        "[gMASK]",
        "[sMASK]",
        "<sop>",
        "<eop>",
        "<reserved_106>",
        "<eoh>",
        "<eoa>",
        "[UNUSED_TOKEN_145]",
    ),
    *("<TOKENS_UNUSED_0>", "[|system|]", "[|user|]", "[|endofturn|]", "[USER]", "[BOT]"),
    # T5, BERT, Nemotron, Seed, MiniMax, Falcon, OLMo, StarCoder and SmolLM
    *("<extra_id_0>", "[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]", "<SPECIAL_12>", "<seed:bos>"),
    *("]~!b[", "]~b]", "[e~[", ">>TITLE<<", ">>ANSWER<<", "|||EMAIL_ADDRESS|||", "<0x0A>"),
    *("<fim_prefix>", "<file_sep>", "<repo_name>", "<reponame>", "<gh_stars>", "<issue_start>"),
    *("<jupyter_code>", "<empty_output>", "<filename>", "<commit_msg>"),
)
