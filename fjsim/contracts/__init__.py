"""What an agent, a backend, a topology, a router, an attack and a defense have to be.

The law in ``fjsim`` knows these shapes only; the rooms and plug-ins fill them.
"""

from fjsim.contracts.agents import Agent, ModelAgent, Situation, SpeakingAgent, Stance
from fjsim.contracts.argument import Manner
from fjsim.contracts.attacks import (
    OPERATOR,
    Attack,
    Choice,
    Opening,
    Plan,
    Power,
    Range,
    Sight,
    ThreatModel,
    Trial,
    View,
)
from fjsim.contracts.backends import (
    CHARACTERS_PER_TOKEN,
    LONGEST_TEXT,
    SIMULATED_MODEL,
    Backend,
    ChatMessage,
    DeclaredLaw,
    KnowsTruth,
    Pace,
    Reply,
    Request,
    SampleIndex,
    Sampling,
    Usage,
)
from fjsim.contracts.crowd import Assigned, Cast, Members, Situations, Statements
from fjsim.contracts.guarantee import Guarantee
from fjsim.contracts.policies import (
    Audit,
    Casting,
    Channel,
    Defense,
    Labels,
    Memory,
    Policy,
    Residual,
    Router,
    Scope,
)
from fjsim.contracts.speech import Arm, Heard, Message, Record, Statement, Validity
from fjsim.contracts.topologies import Topology
from fjsim.contracts.trust import Demand

__all__ = [
    "CHARACTERS_PER_TOKEN",
    "LONGEST_TEXT",
    "SIMULATED_MODEL",
    "Agent",
    "Arm",
    "Assigned",
    "Attack",
    "Audit",
    "Backend",
    "Cast",
    "Casting",
    "Channel",
    "ChatMessage",
    "Choice",
    "DeclaredLaw",
    "Defense",
    "Demand",
    "Guarantee",
    "Heard",
    "KnowsTruth",
    "Labels",
    "Manner",
    "Members",
    "Memory",
    "Message",
    "ModelAgent",
    "OPERATOR",
    "Opening",
    "Pace",
    "Plan",
    "Policy",
    "Power",
    "Range",
    "Record",
    "Reply",
    "Request",
    "Residual",
    "Router",
    "SampleIndex",
    "Sampling",
    "Scope",
    "Sight",
    "Situation",
    "Situations",
    "SpeakingAgent",
    "Stance",
    "Statement",
    "Statements",
    "ThreatModel",
    "Topology",
    "Trial",
    "Usage",
    "Validity",
    "View",
]
