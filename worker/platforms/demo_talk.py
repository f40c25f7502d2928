"""What people say to the demo platform's shop. All of it is made up."""

from dataclasses import dataclass
from random import Random

from worker.protocol.descriptor import Kind
from worker.protocol.messages import Author

SHOP = "willow-and-pine"

PEOPLE_EN = (
    ("Maya Thompson", "maya.makes"), ("Oliver Grant", "olivergrant"), ("Priya Nair", "priya_n"),
    ("Jonas Weber", "jonasw"), ("Chloe Martin", "chloe.reads"), ("Sam Okafor", "samokafor"),
    ("Ella Lindqvist", "ella_l"), ("Diego Ramos", "diegor"), ("Hannah Cole", "hannahcole"), ("Tom Ashby", "tomashby"),
)  # fmt: skip
PEOPLE_ZH = (
    ("小明", "xiaoming88"), ("林晓雨", "linxiaoyu"), ("爱吃桃子的猫", "peachcat"), ("陈思远", "chensiyuan"),
    ("阿宁", "aning_"), ("王小满", "xiaoman"), ("山里的风", "mountainwind"), ("周周", "zhouzhou520"),
    ("糖炒栗子", "chestnut"), ("李木子", "limuzi"),
)  # fmt: skip

GOODS_EN = ("linen shirt", "canvas tote", "wool scarf", "ceramic mug", "oak tray", "rain jacket", "desk lamp")
GOODS_ZH = ("亚麻衬衫", "帆布包", "羊毛围巾", "陶瓷杯", "橡木托盘", "雨衣", "台灯")
COLOURS_EN = ("sage green", "navy", "cream", "rust", "charcoal")
COLOURS_ZH = ("鼠尾草绿", "藏青色", "米白色", "砖红色", "炭灰色")
SIZES = ("XS", "S", "M", "L", "XL")

COMMENTS_EN = (
    "When will the {goods} be back in stock? I'd love one in {colour}.",
    "Is the {goods} true to size? I'm usually {size}, {height} cm tall.",
    "Got my {goods} today and it's even nicer than in the pictures. Thank you!",
    "Does the {goods} come in {colour} as well?",
    "Third {goods} from you. Still my favourite shop.",
    "Can the {goods} go in the washing machine at {degrees} degrees?",
    "The {colour} looks lovely. Do you ship to Portugal?",
    "Any chance of a discount if I take {count}?",
)
COMMENTS_ZH = (
    "请问{goods}什么时候补货?想要{colour}的。",
    "{goods}偏大还是偏小?我身高{height},平时穿{size}码。",
    "今天收到{goods}了,比图片还好看,谢谢店家!",
    "{goods}有{colour}吗?",
    "第三次回购{goods}了,质量一直很好。",
    "{goods}可以机洗吗?水温{degrees}度行不行?",
    "{colour}真好看!支持七天无理由退换吗?",
    "一次买{count}件有优惠吗?",
)
MENTIONS_EN = (
    "My new {goods} from @{shop} made the rainy commute bearable.",
    "@{shop} how long does the {colour} {goods} usually take to arrive?",
    "Gift guide: the {goods} by @{shop} is the one I keep recommending.",
    "Unboxing the {goods} from @{shop} tonight. The packaging has no plastic at all!",
)
MENTIONS_ZH = (
    "@{shop} 家的{goods}真的可以闭眼入,{colour}显白!",
    "请问 @{shop} 的{goods}大概几天能到?",
    "今天的穿搭:{colour}{goods},来自 @{shop} 。",
    "开箱 @{shop} 的{goods},包装很用心。",
)
MESSAGES_EN = (
    "Hi! My parcel (order {order}) has said “in transit” for {count} days. Could you have a look, please?",
    "Hello, the {goods} in order {order} is too small. Can I swap {size} for the next size up?",
    "Has my refund for order {order} been sent? I returned the {goods} last week.",
    "I put the wrong house number on order {order}. Can it still be changed?",
    "Thank you for the quick help with order {order}, it arrived this morning!",
    "Could I get an invoice with our company's name for order {order}?",
)
MESSAGES_ZH = (
    "你好,订单{order}的物流{count}天没有更新了,能帮我查一下包裹到哪里了吗?",
    "您好,订单{order}的{goods}小了,可以换大一码吗?现在是{size}码。",
    "请问订单{order}的退款什么时候到账?{goods}上周已经寄回了。",
    "订单{order}的地址填错了,还能改吗?",
    "谢谢客服,订单{order}今天早上收到了,服务很好!",
    "订单{order}能开公司抬头的发票吗?",
)
POSTS_EN = ("Autumn colours are here", "Behind the scenes: our workshop", "Back in stock this week", "How we pack")
POSTS_ZH = ("秋季新色上架", "工作室的一天", "本周补货清单", "我们如何打包")

#: kind → what is said in English and in Chinese
SAYINGS: dict[Kind, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "comment": (COMMENTS_EN, COMMENTS_ZH),
    "mention": (MENTIONS_EN, MENTIONS_ZH),
    "direct_message": (MESSAGES_EN, MESSAGES_ZH),
}
KINDS: tuple[Kind, ...] = ("comment", "comment", "comment", "mention", "direct_message")


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said. `thread` is a path below the shop's address."""

    kind: Kind
    text: str
    subject: str
    thread: str
    author: Author


def talk(rng: Random) -> Said:
    """One thing that somebody says; the same for the same state of `rng`."""
    kind, chinese = rng.choice(KINDS), rng.random() < 0.5
    person = rng.randrange(len(PEOPLE_ZH if chinese else PEOPLE_EN))
    name, handle = (PEOPLE_ZH if chinese else PEOPLE_EN)[person]
    post = rng.randrange(len(POSTS_EN))
    subject = (POSTS_ZH if chinese else POSTS_EN)[post] if kind == "comment" else ""
    author = Author(id=f"demo-{handle}", name=name, handle=f"@{handle}")
    return Said(kind, _text(rng, kind, chinese), subject, _thread(kind, post, handle), author)


def _thread(kind: Kind, post: int, handle: str) -> str:
    return {"comment": f"posts/{post + 1}", "mention": f"mentions/{handle}"}.get(kind, f"messages/{handle}")


def _text(rng: Random, kind: Kind, chinese: bool) -> str:
    return rng.choice(SAYINGS[kind][chinese]).format(
        goods=rng.choice(GOODS_ZH if chinese else GOODS_EN),
        colour=rng.choice(COLOURS_ZH if chinese else COLOURS_EN),
        size=rng.choice(SIZES),
        height=rng.randrange(155, 192),
        degrees=rng.choice((30, 40)),
        count=rng.randrange(2, 7),
        order=f"#{rng.randrange(10_000, 99_999)}",
        shop=SHOP,
    )
