"""Vocabulary: which words speak for which kind of work, and how much they weigh.

Points are in tenths: above zero for work that is sensitive or complex, below for what is routine or safe. They were
fitted to labelled prompts of permissively licensed repositories, from weights set by hand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from proxy.task import TaskClass

C = TaskClass


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing to look for: how much it weighs, and which kind of task it speaks for, if any."""

    name: str
    points: int
    kind: TaskClass | None
    pattern: re.Pattern[str]


def _f(name: str, points: int, kind: TaskClass | None, pattern: str, flags: int = re.A) -> Feature:
    return Feature(name, points, kind, re.compile(pattern, flags))


FEATURES = (
    # Complex or sensitive.
    _f(
        "plan.execute",
        15,
        C.code_generation,
        r"\b(?:implement|execute|follow) (?:the|this|my|our) (?:following )?(?:\w+ )?(?:plan|spec|"
        r"design|phase|proposal|roadmap)|implement the following",
    ),
    _f(
        "design",
        12,
        C.architecture,
        r"\barchitect\w*|\bdesign (?:a|an|the|of|for|doc|pattern|decision|choice)|\bredesign|"
        r"\bsystem design\b|\btech(?:nology)? stack\b|\bdata model\b|\bseparation of concerns\b|架构|设计|"
        r"重构|arquitect|dise\u00f1|architektur|entwurf|conception|архитектур|спроектир|projet(?:ar|e) ",
    ),
    _f(
        "plan",
        9,
        C.architecture,
        r"\b(?:make|create|write|draft|update|come up with|work (?:on|out)|propose|present) (?:a |"
        r"the |an |your |me a )?(?:\w+ ){0,2}plan\b|\bplan (?:for|to|out|this|how|the|mode)\b|"
        r"\bplanning\b|\broadmap\b|\bphase \d|\bplanej|\bplano\b|\bplanifi|\bplane\b|план|规划|计划|制定",
    ),
    _f(
        "think",
        8,
        C.architecture,
        r"\bthink (?:through|about|hard|deep|it)|\bultrathink\b|\btrade-?offs?\b|\bpros and cons\b|"
        r"\bapproach(?:es)?\b|\bstrateg(?:y|ies)\b|\bwhat (?:are|would be) (?:the|our|my) (?:options|"
        r"best)|\bbest way\b|\bshould we\b|\balternatives\b|\bi(?:'m| am) thinking\b|\bmy instinct\b|"
        r"\bwhat if we\b|\bconcurrency matters\b",
    ),
    _f(
        "migrate",
        13,
        C.architecture,
        r"\bmigrat\w+|\bport (?:it|this|the|to|over)\b|\bupgrade (?:to|from|the)\b|"
        r"\bdatabase schema\b|\bschema change|\bbackward[s]? compat\w*|\bbreaking change|迁移|升级|"
        r"migraci|migra\u00e7|umstell|миграц",
    ),
    _f(
        "deploy",
        10,
        C.ops,
        r"\bdeploy\w*|\brelease (?:process|workflow|pipeline|script|it)\b|\bci/?cd\b|\bci\b|"
        r"\bpipelines?\b|\bgithub actions?\b|\bworkflows?\b|\bkubernetes\b|\bk8s\b|\bhelm\b|"
        r"\bterraform\b|\binfra\w*|\bproduction\b|\bstaging\b|\brollback\b|\bnginx\b|\bdns\b|"
        r"\brailway\b|\bvercel\b|部署|发布|上线|生产环境|despleg|implant|bereitstell|d\u00e9ploy|разв[её]рт|"
        r"деплой|продакшн",
    ),
    _f(
        "destroy",
        19,
        C.ops,
        r"\bdelete (?:all|every|the (?:data|database|branch|table|repo))|\bdrop (?:the )?(?:table|"
        r"database|column)|\bforce[- ]push|\bpush --force|\brewrite (?:the )?(?:git )?history|"
        r"\bfilter-repo\b|\breset --hard|\bwipe\b|\brm -rf\b|\btruncate\b|\brebas\w+|"
        r"\bmerge (?:strategy|conflict)|\bcherry-pick|\bpurge\b|\brevert (?:the|all|everything|/)|"
        r"\bundo\b|删除所有|清空|l\u00f6sch\w* alle|supprim\w* tou|borra\w* todo|удали\w* все",
    ),
    _f(
        "security",
        10,
        C.analysis,
        r"\bsecur(?:e|ity)\b|\bvulnerab\w+|\bsandbox\w*|\bsaniti[sz]\w+|\binjection\b|\bxss\b|"
        r"\bpermissions?\b|\bhardening\b|\bencrypt\w*|\bexploit\w*|\bexpose[ds]?\b|\bfirewall\b|"
        r"\bcors\b|\bredact\w*|\bunsafe\b|\bmalicious\b|安全|漏洞|权限|加密|segurid|seguran|sicherheit|"
        r"s\u00e9curit|безопасн|уязвим",
    ),
    _f(
        "concurrency",
        14,
        C.debugging,
        r"\brace conditions?\b|\bdeadlocks?\b|\bconcurren\w+|\bthread[- ]safe\w*|\bmutex\w*|"
        r"\basync(?:hronous)?\b|\block(?:ing|s)?\b|\bmemory leaks?\b|\bflaky\b|\bintermittent\w*|"
        r"\bsegfaults?\b|\batomic\w*|\bdata loss\b|\bcorrupt\w*|并发|死锁|竞态|内存泄漏|nebenl\u00e4uf|"
        r"speicherleck|concurrenc|гонк|утечк",
    ),
    _f(
        "performance",
        8,
        C.analysis,
        r"\bperforman\w+|\boptimi[sz]\w+|\bslow(?:er|ly|ness)?\b|\blatency\b|\bbottlenecks?\b|"
        r"\bscal(?:e|ing|ab\w+)\b|\bthroughput\b|\bprofil(?:e|ing)\b|\bbenchmark\w*|\b(?:so|too|"
        r"very) long\b|性能|优化|rendimiento|desempenho|leistung|optimier|производительн|оптимиз",
    ),
    _f(
        "root_cause",
        10,
        C.debugging,
        r"\broot causes?\b|\bwhy (?:is|does|did|isn't|doesn't|are|am|would|do) .{0,60}(?:fail|break|"
        r"crash|error|not work|wrong|hang|stuck|miss|empty|slow)|\bfigure out why\b|\binvestigat\w+|"
        r"\bdiagnos\w+|\bdig (?:into|deeper)|\bget to the bottom|\btrace (?:through|the|where)|"
        r"\breproduc\w+|根本原因|为什么.{0,20}(?:失败|报错|不)|causa ra\u00edz|ursache|cause racine|причин",
    ),
    _f(
        "still_broken",
        11,
        C.debugging,
        r"\bstill (?:not|see|seeing|get|getting|have|having|fail\w*|broken|doesn't|isn't|does|"
        r"the same|an? |there)|\b(?:didn't|doesn't|did not|does not|not) (?:quite )?(?:work|help|"
        r"fix)\w*\b|\bisn't working\b|\bsame (?:error|issue|problem)\b|\bagain fail|\bnow (?:i get|it|"
        r"we get|there)|\bkeeps? (?:fail|gett|happen)|还是|仍然|sigue sin|immer noch|toujours pas|"
        r"вс[её] ещ[её]|continua (?:sem|com)|ainda n\u00e3o",
    ),
    _f(
        "review",
        16,
        C.analysis,
        r"\b(?:code )?review(?:s|ed|er|ing)?\b(?! (?:the )?(?:readme|doc|typo))|\baudit\w*|"
        r"\bpull requests?\b|\bprs?\b|\bmr\b|\bbugbot\b|\bcritique\b|\bgap analysis\b|"
        r"\bdouble[- ]check\b|\bverify (?:that|the|all|if)|审查|代码评审|revis[ae]r?\b|\u00fcberpr\u00fcf|"
        r"relecture|ревью|проверь",
    ),
    _f(
        "analyse",
        11,
        C.analysis,
        r"\banaly[sz]\w+|\bassess\w*|\bevaluat\w+|\bcompar(?:e|ing|ison)\b|\bresearch\b|\bdeep dive\b|"
        r"\bprove\b|\binsights?\b|\bexamin\w+|分析|调研|评估|analiz|anali[sz]|avali|analysier|untersuch|"
        r"проанализ|исследу",
    ),
    _f(
        "wide",
        7,
        None,
        r"\b(?:across|throughout|all (?:the |of the |our )?(?:files|modules|packages|services|tests|"
        r"providers|agents|endpoints|pages)|whole|entire (?:codebase|project|repo|app)|every(?:where|"
        r" file| page| module)|codebase|multiple (?:files|places|services|components)|"
        r"end[- ]to[- ]end|from scratch|several)\b|整个|所有|todo el|todos os|gesamt|tous les|весь|всех",
    ),
    _f(
        "feature",
        9,
        C.code_generation,
        r"\b(?:implement|build|develop|add support|integrat\w+|introduce|creat(?:e|ing)|set ?up|"
        r"wire(?: up)?|extend)\b.{0,60}\b(?:feature|system|service|app|application|api|endpoint|"
        r"module|integration|support|workflow|framework|engine|server|client|plugin|dashboard|"
        r"pipeline|extension|provider|mechanism|functionality|product|project|layer|agent|cli|bot|"
        r"database|backend|frontend)s?\b|\bnew feature\b|实现|开发|搭建|集成|implementa|desarroll|desenvolv|"
        r"implementier|entwickl|impl\u00e9ment|d\u00e9velopp|реализ|разработ|интеграц|внедр",
    ),
    _f(
        "autonomous",
        13,
        C.continuation,
        r"\b(?:until|till) (?:it|all|every|done|they|the)|\bfix (?:all|them all|these|both|each|every|"
        r"\d)|\ball (?:issues|of (?:them|these)|errors|problems|findings)|\baddress (?:these|all|the|"
        r"this|both)\b|\bcomplete the (?:remaining|rest)|\bkeep going\b|\bstep by step\b|"
        r"\bautonomous\w*|\bcontinue (?:with|to|the|iterat)|\bchunk \d|\bmip \d|\bstep \d|"
        r"\bstarted on\b|\bmove on to\b|\bproceed with\b",
    ),
    _f(
        "machine_learning",
        7,
        C.code_generation,
        r"\b(?:train(?:ing)?|fine-?tun\w+|embeddings?|neural|gradient|rag\b|llms?|inference|"
        r"algorithm\w*|theorem|proof|regression|classifier|optimizer|heuristic)\b|模型|算法|алгоритм|"
        r"algoritm|algorithmus",
    ),
    _f(
        "rewrite",
        10,
        C.refactor,
        r"\brefactor\w*|\brestructur\w+|\breorgani[sz]\w+|\brewrite\b|\bconsolidat\w+|"
        r"\bextract (?:into|the|a)|\bdecoupl\w+|\bsimplif\w+|\bsplit (?:up|the|this|out|into)|"
        r"\bdedup\w*|\bmodulari[sz]\w+|\babstract\w*|refactoriz|refaktor|рефактор",
    ),
    _f(
        "database",
        7,
        C.code_generation,
        r"\bdatabases?\b|\bsql\b|\bpostgres\w*|\bsupabase\b|\btransactions?\b|\bqueries\b|"
        r"\bindex(?:es|ing)\b|\btables?\b|\bsync(?:ing|hroniz\w+|s)?\b|\bcach(?:e|ing)\b|\bqueues?\b|"
        r"\bevents?\b|\bhooks?\b|\blifecycle\b|\bprotocol\b|数据库|base de datos|banco de dados|"
        r"datenbank|базы? данных",
    ),
    _f(
        "hypothesis",
        7,
        None,
        r"\bi (?:think|feel|believe|suspect|want|would like|wonder|guess)\b|\bwe (?:need|want|should|"
        r"could|have to)\b|\bi'd like\b|\blet'?s (?:try|go|work|think|talk|focus|address|implement|"
        r"make|do|start|tackle|change)\b|\bthe (?:issue|problem|idea|goal) (?:is|here)\b|"
        r"\bhow (?:should|could|would|can) (?:we|i)\b|\bit(?:'s| is| would be| might be) (?:better|"
        r"worth|possible)",
    ),
    # Routine.
    _f(
        "rename",
        -13,
        C.refactor,
        r"\brenam\w+|\bmove (?:the |this |it )?\S+ (?:file )?(?:to|into)\b|\bcall it\b|"
        r"\bchange the (?:name|text|label|title|color|colour|font|order|default)|改名|重命名|renombr|"
        r"renome|umbenenn|renomm|переимен",
    ),
    _f(
        "style",
        -9,
        C.refactor,
        r"\bcss\b|\bcolou?rs?\b|\bfont\b|\bpadding\b|\bmargin\b|\balign\w*|\bcentered?\b|\bbuttons?\b|"
        r"\bicons?\b|\btooltip\b|\bhover\b|\bspacing\b|\blayout\b|\bpixels?\b|\bwidth\b|\bheight\b|"
        r"\bbackground\b|\bdark mode\b|\bcolumns?\b|\bfields?\b|\bpage\b|\bplaceholder\b|样式|颜色|按钮|"
        r"bot\u00f3n|bot\u00e3o|farbe|schaltfl\u00e4che|bouton|couleur|цвет|кнопк",
    ),
    _f(
        "format",
        -9,
        C.refactor,
        r"\bformat(?:ting|ted)?\b|\blint\w*|\bprettier\b|\bblack\b|\beslint\b|\bindent\w*|\bunused\b|"
        r"\bimports?\b|\bsort(?:ed|ing)?\b|\btype hints?\b|\bwhitespace\b|\bnitpick\b|\bnit\b|格式化",
    ),
    _f(
        "boilerplate",
        -10,
        C.code_generation,
        r"\bboilerplate\b|\bscaffold\w*|\bstub\b|\bskeleton\b|\bgetters?\b|\bsetters?\b|"
        r"\bhello world\b|\bplaceholder\b|\bdummy\b|样板",
    ),
    _f(
        "one_thing",
        -8,
        C.code_generation,
        r"\badd (?:a |an |the |one |another )?(?:\w+ ){0,2}(?:flag|field|column|log|logging|parameter|"
        r"argument|option|method|property|entry|line|link|import|check|constant|comment|emoji|alias|"
        r"message)s?\b|\bremove (?:the |this |that |it|all )|\breplace\b|\bswap\b|\btoggle\b|"
        r"\bdon't (?:need|use|want)|\buse .{1,40} instead\b|\bjust\b|\bonly\b|\binstead\b|去掉|添加一个|"
        r"agreg[au]|adicion|entfern|hinzuf\u00fcg|ajout|supprim|добав|убер",
    ),
    _f(
        "tests",
        -10,
        C.test,
        r"\b(?:run|rerun|re-run|execute|try) (?:the |all |our |my |those |these )?(?:\w+ )?tests?\b|"
        r"\bunit tests?\b|\btests? (?:pass|for|fail)\w*|\bwrite (?:a |some |the )?tests?\b|"
        r"\badd (?:a |some |more )?(?:\w+ )?tests?\b|\btest case|\bcoverage\b|\bfixtures?\b|单元测试|测试|"
        r"pruebas?|testes?\b|tests unitaires|тест",
    ),
    _f(
        "git",
        -7,
        C.ops,
        r"\bcommit(?:s|ted|ting)?\b|\bpush(?:ed)?\b|\bpull\b(?! request)|\bnew branch\b|\bgit\b|"
        r"\bstash\b|\bcheckout\b|\bgitignore\b|\bbump\b|\btag\b|\bamend\b|\bsquash\b|提交|推送",
    ),
    _f(
        "run",
        -5,
        C.ops,
        r"\brun (?:it|this|that|the|npm|make|go|cargo|python|pip|a)\b|\binstall\w*|\bstart (?:the|"
        r"up)\b|\brestart\b|\bbuild (?:it|the project|and run)|\bnpm (?:run|i|install)\b|\bpip\b|"
        r"\bbrew\b|\bopen (?:the|a)\b|\blaunch\b|\bexecut[ae]r?\b|运行|安装|启动|ejecut|rod(?:ar|e)\b|"
        r"instal|f\u00fchr\w* aus|lanc(?:e|er)\b|запусти|установи",
    ),
    _f(
        "small",
        -8,
        None,
        r"\b(?:small|simple|quick|minor|tiny|trivial|little|tweak|one[- ]liner|cosmetic|easy)\b|小|简单|"
        r"peque\u00f1|simples\b|klein|petit|маленьк|прост",
    ),
    _f(
        "config",
        -5,
        C.ops,
        r"\bconfig(?:uration|s)?\b|\bsettings?\b|\bjson\b|\byaml\b|\btoml\b|\bversion\b|"
        r"\bpackage\.json\b|\bmakefile\b|\bdependenc\w+|配置",
    ),
    _f(
        "plain_error",
        5,
        C.debugging,
        r"\berrors?\b|\bexceptions?\b|\bfail(?:s|ed|ing|ure)?\b|\bbugs?\b|\bcrash\w*|\bbroken\b|"
        r"\bfix\w*|\bstack ?trace\b|\bwarning\b|\bnot found\b|\bcannot\b|报错|错误|修复|fehler|erreurs?|"
        r"ошибк|исправ|erros?\b|corrig|arregl",
    ),
    # Safe.
    _f(
        "explain",
        -6,
        C.explanation,
        r"\bexplain\w*|\bwhat (?:is|are|does|do|did|was|were|happens|would|about)\b|\bwhat'?s\b|"
        r"\bwhat'|\bwhere (?:is|are|do|does|did|can|should)\b|\bhow (?:do|does|did|is|are|many|much|"
        r"long|come)\b|\bwalk me through\b|\bhelp me understand\b|\btell me\b|\bremind me\b|"
        r"\bwhich (?:one|file|of)\b|\bwho\b|\bwhy\b|\bis (?:this|that|it|there)\b|\bare (?:there|"
        r"these|those|we|you)\b|\bdoes (?:this|that|it|the)\b|\bdo (?:we|you|i)\b|\bcan we\b|"
        r"\bmeans?\b|\bshow me\b|\bunderstand\b|解释|什么|怎么|为何|哪里|说明|explica|qu\u00e9 |c\u00f3mo|"
        r"d\u00f3nde|o que|por ?qu\u00ea|porque|onde|erkl\u00e4r|was (?:ist|bedeutet|macht)|warum|"
        r"wie funktioniert|expliqu|qu'est|pourquoi|comment (?:fonctionne|marche)|объясни|что такое|"
        r"почему|как работает|где",
    ),
    _f(
        "docs",
        -12,
        C.documentation,
        r"\breadme\b|\bdocs?\b|\bdocument(?:ation|ed|s|ing)?\b|\bchangelog\b|\bcomments?\b|"
        r"\bdocstrings?\b|\brelease notes\b|\b\w+\.md\b|\bcommit message\b|\bpr description\b|"
        r"\bdescription\b|\btutorial\b|\bwiki\b|\bmarkdown\b|\bcursor rules?\b|\bnotes?\b|文档|注释|"
        r"documentaci|documenta\u00e7|dokumentation|kommentar|commentaire|документац|комментари",
    ),
    _f(
        "text_work",
        -9,
        C.documentation,
        r"\btypos?\b|\bspelling\b|\bgrammar\b|\bwording\b|\brephrase\b|\bproofread\w*|\btranslat\w+|"
        r"\bsummar\w+|\btl;?dr\b|\bstatus\b|\blist (?:the|all|of|what)\b|错别字|翻译|总结|resum|traduc|"
        r"traduz|zusammenfass|\u00fcbersetz|tippfehler|r\u00e9sum|tradui|опечатк|перевед|кратко",
    ),
    _f(
        "chat",
        -9,
        C.other,
        r"^\W{0,20}(?:thanks?|thank you|thx|great|nice|cool|perfect|awesome|good (?:job|work)|hi|hello|hey|"
        r"lol|haha|wow|got it|i see|makes sense|never ?mind|sorry|谢谢|你好|gracias|hola|danke|hallo|"
        r"merci|bonjour|спасибо|привет|obrigad[oa])\b",
    ),
    _f(
        "no_code",
        -8,
        C.explanation,
        r"\bdon'?t (?:write|change|make|implement|edit|touch|code)\b|\bno code\b|"
        r"\bwithout (?:changing|writing|editing)\b|\bbefore we touch\b|\bjust (?:curious|asking|"
        r"wondering|a question)\b|\bquestion:|不要写代码|sin cambiar|ohne \u00e4nder",
    ),
)
