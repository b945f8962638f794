"""Figures as printed, each once, with its place: what the verdicts compare with. Errors are in percent."""

# -- Krizhevsky, Sutskever and Hinton 2012, "ImageNet Classification with Deep Convolutional Neural Networks" ---------

ALEXNET_PARAMS = 60e6  # abstract
ALEXNET_NEURONS = 650_000  # abstract
ALEXNET_NEURONS_BY_LAYER = (
    253_440,
    186_624,
    64_896,
    64_896,
    43_264,
    4096,
    4096,
    1000,
)  # section 3.5, Fig. 2's caption
ALEXNET_INPUT = 224  # section 3.5

# -- Szegedy et al. 2014, "Going Deeper with Convolutions" ------------------------------------------------------------

GOOGLENET_FEWER_THAN_ALEXNET = 12  # section 1
GOOGLENET_MACS = 1.5e9  # section 1, the budget that was kept
GOOGLENET_DEPTH, GOOGLENET_DEPTH_WITH_POOLS = 22, 27  # section 5
GOOGLENET_AUX_AT, GOOGLENET_AUX_WEIGHT = ("4a", "4d"), 0.3  # section 5
NIN_PURPOSE = "representational power"  # section 2, of Network in Network
GOOGLENET_POOLING_GAIN = (
    0.6  # section 5: points of top-1 accuracy, against fully connected layers
)
SEVEN_DIFFER = {  # section 7: what the networks of the ensemble differ in
    "sampling": True,
    "order of images": True,
    "initial weights": False,  # "because of an oversight"
    "width": True,  # one is wider
}
GOOGLENET_GAIN = 3.45  # Table 3, last row against the first
GOOGLENET_LR_DROP, GOOGLENET_LR_EPOCHS = (
    0.04,
    8,
)  # section 6: falls by 4 % every 8 epochs
GOOGLENET_CROPS = {
    "scales": 4,
    "squares": 3,
    "positions": 6,
    "mirrors": 2,
}  # section 7: 144 in all
GOOGLENET_LESS_ERROR_THAN_SUPERVISION = 0.565  # section 7
GOOGLENET_LESS_ERROR_THAN_CLARIFAI = 0.40  # section 7, "about"
GOOGLENET_TABLE_1 = {  # row: (params in units of 1024, operations in millions)
    "conv1": (2.7, 34),
    "conv2": (112, 360),
    "3a": (159, 128),
    "3b": (380, 304),
    "4a": (364, 73),
    "4b": (437, 88),
    "4c": (463, 100),
    "4d": (580, 119),
    "4e": (840, 170),
    "5a": (1072, 54),
    "5b": (1388, 71),
    "linear": (1000, 1),
}
LEADERBOARD = {  # Table 2: top-5 error; "external" used images from outside the challenge
    "SuperVision 2012": 16.4,
    "SuperVision 2012, external": 15.3,
    "Clarifai 2013": 11.7,
    "Clarifai 2013, external": 11.2,
    "GoogLeNet 2014": 6.67,
}
GOOGLENET_TABLE_3 = (  # (models, crops, cost, top-5 error on the validation set)
    (1, 1, 1, 10.07),
    (1, 10, 10, 9.15),
    (1, 144, 144, 7.89),
    (7, 1, 7, 8.09),
    (7, 10, 70, 7.62),
    (7, 144, 1008, 6.67),
)

# -- Ioffe and Szegedy 2015, "Batch Normalization" --------------------------------------------------------------------

BN_PARAMS = 13.6e6  # section 4.2
BN_LR, BN_LR_FACTORS = 0.0015, (5, 30)  # sections 4.2.1 and 4.2.2
BN_DROPOUT = {  # sections 4.2.1 and 4.2.3
    "single": (0.0,),
    "ensemble": (0.05, 0.10),
}
BN_BATCH, TRAINING_IMAGES = 32, 1_281_167  # section 4.2, and of the challenge
SHIFT_COMES_FROM = (
    "parameters"  # section 2: the definition of internal covariate shift
)
BN_REDUCES_SHIFT = {  # whether that is why batch-norm helps
    "Ioffe and Szegedy": True,
    "Santurkar et al.": False,  # 2018, "How Does Batch Normalization Help Optimization?"
}
BN_L2_FACTOR = 5  # section 4.2.1: the weight on L2 is divided by it
BN_STEPS = {  # Fig. 3: (steps to 72.2 %, highest top-1 accuracy), of the plain network and of three with batch-norm
    "Inception": (31.0e6, 72.2),
    "BN-Baseline": (13.3e6, 72.7),
    "BN-x5": (2.1e6, 73.0),
    "BN-x30": (2.7e6, 74.8),
}
BN_X30_STEPS_TO_74_8 = 6e6  # section 4.2.2
BN_FASTER = 14  # abstract: times fewer steps to the same accuracy
BN_X30_FASTER = (
    5  # section 4.2.2: times fewer steps to 74.8 % than Inception to 72.2 %
)
BN_ENSEMBLE_TOP5 = {"validation": 4.9, "test": 4.82}  # abstract, Fig. 4
BN_MORE = {
    "layers": 9,
    "params": 0.25,
    "cost": 0.30,
}  # appendix: than GoogLeNet
BN_FIG_5_OUTPUTS = {
    "3a": 256,
    "3b": 320,
    "3c": 576,
    "4a": 576,
    "4b": 576,
    "4c": 576,
    "4d": 576,
    "4e": 1024,
    "5a": 1024,
    "5b": 1024,
}

# -- Szegedy et al. 2015, "Rethinking the Inception Architecture for Computer Vision" ---------------------------------

GOOGLENET_PARAMS = (
    5e6  # section 1; AlexNet's 60 million are twelve times as many
)
DOUBLED_FILTERS = 4  # section 1: times the cost and the parameters
VGG_OVER_ALEXNET = 3  # section 1: VGG has about 3 times AlexNet's parameters
FIVE_OVER_THREE = 2.78  # section 3.1: cost of a 5x5 against a 3x3
ALPHA_OF_GOOGLENET = (
    1.5  # section 3.1: channels out over channels in, "around"
)
FIG_2 = {  # accuracy of two networks, both with two 3x3 in place of a 5x5
    "linear": 76.2,
    "ReLU": 77.2,
}
POOL_FIRST_SAVES = (
    0.25  # section 5: "reducing the computational cost by a quarter"
)
SAVED = {
    "two 3x3 for 5x5": 0.28,
    "3x1 and 1x3 for 3x3": 0.33,
    "two 2x2 for 3x3": 0.11,
}  # sections 3.1 and 3.2
V3_AUXILIARY = {
    "faster early": False,
    "better at the end": True,
    "lower one needed": False,
}  # section 4, in words
AUXILIARY_AGAINST_VANISHING = {  # whether they are needed for gradient to reach the lower layers, in words
    "Going Deeper, section 5": True,
    "Rethinking, section 4": False,
}
V2_TABLE_1_STEM = (  # (layer, stride, whether called padded, input grid, input channels); all are 3x3
    ("conv", 2, False, 299, 3),
    ("conv", 1, False, 149, 32),
    ("conv", 1, True, 147, 32),
    ("pool", 2, False, 147, 64),
    ("conv", 1, False, 73, 64),
    ("conv", 2, False, 71, 80),
    ("conv", 1, False, 35, 192),
)
V2_TABLE_1_MODULES = (  # (figure, how many, input grid, input channels); after them 8x8x2048
    (5, 3, 35, 288),
    (6, 5, 17, 768),
    (7, 2, 8, 1280),
)
V2_DEPTH, V2_OVER_GOOGLENET = (
    42,
    2.5,
)  # section 6: layers, and cost relative to GoogLeNet
V3_MACS, V3_PARAMS_BELOW = 5e9, 25e6  # abstract
LABEL_SMOOTHING, CLASSES = 0.1, 1000  # section 7
LABEL_SMOOTHING_GAIN = 0.2  # section 7: percentage points, top-1 and top-5
V3_LR, V3_LR_RATE, V3_LR_EVERY, V3_EPOCHS, V3_CLIP = (
    0.045,
    0.94,
    2,
    100,
    2.0,
)  # section 8
LOWRES_TOP1 = {
    79: 75.2,
    151: 76.4,
    299: 76.6,
}  # Table 2: accuracy by input size
LOWRES_WITHIN = 0.01  # section 9: what the pooling costs, of the whole
LOWRES_CHEAPER = (
    16  # section 9: with 79 pixels instead of 299, the layers as they are
)
V3_TABLE_3 = {  # single crop: (top-1 error, top-5 error, billions of operations)
    "GoogLeNet": (29.0, 9.2, 1.5),
    "BN-GoogLeNet": (26.8, None, 1.5),
    "BN-Inception": (25.2, 7.8, 2.0),
    "Inception-v2": (23.4, None, 3.8),
    "RMSProp": (23.1, 6.3, 3.8),
    "Label Smoothing": (22.8, 6.1, 3.8),
    "Factorized 7x7": (21.6, 5.8, 4.8),
    "BN-auxiliary": (21.2, 5.6, 4.8),
}
V3_TABLE_4 = {
    12: (19.47, 4.48),
    144: (18.77, 4.20),
}  # by crops, one network
V3_TABLE_4_HEADINGS = ("top-5", "top-1")  # over these two columns, in print
V3_ENSEMBLE_TOP1 = 17.2  # Table 5
V3_OVER_BN_INCEPTION = 2.5  # section 11: cost
V3_REPLICAS, V3_BATCH = 50, 32  # section 8
BLACKLIST_EFFECT = (
    0.2,
    0.1,
)  # section 10: "roughly", points of top-1 and top-5
V3_ENSEMBLE_TOP5 = {
    "validation": 3.46,
    "test": 3.58,
}  # Table 5 and its footnote
V3_VALIDATION_IMAGES, VALIDATION_IMAGES = (
    48_238,
    50_000,
)  # section 10: without the blacklisted, and all

# -- Szegedy et al. 2016, "Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning" ---------

RESNET_V2_LINEAR = {
    "Fig. 17": 1154,
    "Fig. 19": 2048,
}  # channels of the 1x1 before the addition
RESNET_V2_REPEATS = (5, 10, 5)  # Fig. 15
V4_TABLE_2 = {  # one network, one crop: (top-1, top-5)
    "Inception-v3": (21.2, 5.6),
    "Inception-ResNet-v1": (21.3, 5.5),
    "Inception-v4": (20.0, 5.0),
    "Inception-ResNet-v2": (19.9, 4.9),
}
V4_TABLE_4 = {  # one network, 144 crops
    "Inception-v3": (18.9, 4.3),
    "Inception-ResNet-v1": (18.8, 4.3),
    "Inception-v4": (17.7, 3.8),
    "Inception-ResNet-v2": (17.8, 3.7),
}
V3_ON_ALL_IMAGES = {  # Inception-v3 in Tables 3, 4 and 5: (top-1, top-5)
    "12 crops": (19.8, 4.6),
    "144 crops": (18.9, 4.3),
    "ensemble": (17.3, 3.6),
}
V4_BLACKLIST_EFFECT = (0.3, 0.15)  # section 5, points of top-1 and top-5
RESIDUAL_FASTER = (
    True  # abstract: "accelerates the training ... significantly"
)
V4_ENSEMBLE_TOP5, V4_ENSEMBLE_TOP5_TEST = (
    3.1,
    3.08,
)  # Table 5 and section 5; one Inception-v4, three Inception-ResNet-v2

# -- The ILSVRC 2014 development kit ----------------------------------------------------------------------------------

BLACKLISTED = 1762  # validation images that its list leaves out

# -- Four summaries of the papers: a guide to v1 to v3, notes on GoogLeNet, a history, a walk through Rethinking --------

# The walk's example of label smoothing, K = 5. The order of the four wrong classes does not matter.
EXAMPLE_P, EXAMPLE_CLASS, EXAMPLE_EPS = (0.10, 0.10, 0.34, 0.36, 0.10), 3, 0.1
EXAMPLE_Q = (0.1, 0.1, 0.1, 1.0, 0.1)  # what it calls the smoothed labels
EXAMPLE_LOSSES = (1.47, 2.63)  # without and with smoothing
READING_VALIDATION_TOP5 = 4.8  # the history, of BN-Inception's ensemble
READING_KERNEL_COSTS = {
    "5x5": 25,
    "two 3x3": 18,
}  # the guide: multiply-adds "for each output pixel"
READING_AUXILIARY = (
    3,
    2,
)  # the history: auxiliary classifiers of GoogLeNet and Inception-v3
READING_TOP5 = 6.67  # the guide, of Inception-v2
READING_ERROR = 6  # the notes, of GoogLeNet
READING_V3_ADDS = (
    "RMSProp",
    "Label Smoothing",
    "BN-auxiliary",
)  # the history and the walk, to Inception-v2
