"""What help says of the program, and shows of each command as it would be typed."""

DESCRIPTION = """The Inception papers made executable: train and take apart Inception networks on NumPy and Numba.

commands:
  train       train a network; the run becomes a folder with checkpoint, log and pictures
  evaluate    measure trained runs on test images: crops, ensembles, comparisons
  predict     classify image files with a trained run
  summary     count a network: parameters, multiply-adds, depth, receptive field
  compare     count several networks side by side
  export      write a trained run as a folder for the model hub, or as an ONNX file
  data        list the data sets, or fetch one
  lesson      list the lessons, step through one, check its exercises
  claims      what is said about Inception, and whether it is so
  study       many trainings that answer one question, with a report
  site        write lessons and explorer as pages that open from disk
  completion  print a script for the Tab key of a shell"""

EXAMPLES = {
    "": """  tinyinception train --out runs/first
  tinyinception predict runs/first --test 7
  tinyinception summary inception_cifar
  tinyinception COMMAND --help""",
    "train": """  tinyinception train                       the default network on the drawn data, some minutes
  tinyinception train --data cifar10 --out runs/c10
  tinyinception train --data cifar10 --budget coffee     a recipe for 20 minutes; also evening, night
  tinyinception train --resume runs/c10     continue after Ctrl-C or a crash, to the same bits
  tinyinception train --resume runs/c10 --epochs 24      go on to 24 epochs
  tinyinception train --model googlenet_cifar --epochs 2 --limit 2000
  tinyinception train --model-option dropout=0.3 --label-smoothing 0.2 --average 0.999 --no-flip
  tinyinception train --model inception_v3_79 --data photos --input-size 79 --weights v3.safetensors --freeze 'Conv2d*'
  tinyinception train --config runs/c10/config.json --lr 0.05
  mpirun -n 4 tinyinception train           four processes, each with its part of every batch; needs the mpi extra""",
    "evaluate": """  tinyinception evaluate runs/c10
  tinyinception evaluate runs/c10 --crops 144 --pictures pictures
  tinyinception evaluate runs/a runs/b      both as an ensemble
  tinyinception evaluate runs/a runs/b --compare --json""",
    "predict": """  tinyinception predict runs/c10 --test 7
  tinyinception predict runs/c10 cat.png dog.jpg
  tinyinception predict runs/c10 cat.png --top 3 --json
  tinyinception predict --model inception_v3 --weights v3.safetensors --classes-file imagenet.txt cat.png""",
    "export": """  tinyinception export runs/c10 c10                  model.safetensors, config.json and README.md
  tinyinception export runs/c10 c10.onnx             for onnxruntime and others; needs the onnx extra
  tinyinception export runs/c10 c10.safetensors      parameters and statistics alone
  tinyinception export inception_v3 v3.onnx --weights hf://timm/inception_v3.tv_in1k
  tinyinception export plain_cifar plain.onnx --input-size 64 --classes 3""",
    "summary": """  tinyinception summary inception_cifar
  tinyinception summary inception_cifar --input-size 48 --classes 100 --json
  tinyinception summary inception_v3 --depth 1
  tinyinception summary inception_v3 --training
  tinyinception summary inception_v4 --draw inception_v4.png""",
    "compare": """  tinyinception compare inception_cifar plain_cifar""",
    "data": """  tinyinception data list
  tinyinception data fetch cifar10
  tinyinception data fetch mnist --from ~/downloads""",
    "lesson": """  tinyinception lesson              list them
  tinyinception lesson 1            step through the first
  tinyinception lesson smoothing    the one of that name
  tinyinception lesson 1 --check    check your answers to its exercises
  tinyinception lesson 1 --solution quotient_pull
  tinyinception lesson 11 --notebook eleven.ipynb
  tinyinception lesson --all        run them one after the other""",
    "claims": """  tinyinception claims                      a line for each
  tinyinception claims A3                   all about one
  tinyinception claims v4 parameters        those in which both words occur
  tinyinception claims --paper rethinking --verdict false
  tinyinception claims --lesson 11 --json""",
    "study": """  tinyinception study                       the built-in ones, what each asks
  tinyinception study smoothing --quick     some minutes, on the drawn data
  tinyinception study smoothing --dry-run   how many trainings, how long
  tinyinception study mine.toml --scheduler tcp://127.0.0.1:8786     on Dask's workers
  tinyinception study mine.toml --seeds 5   a file of your own, such as

    question = "Does label smoothing help?"
    seeds = 3
    [base]
    data = "drawn"
    limit = 1000
    [arms.none]
    label_smoothing = 0.0
    [arms.smoothed]
    label_smoothing = 0.1

  An arm takes what `train` takes, with _ in place of -. Other measures than
  the test accuracy go into measure = ["test_loss"] before the tables. With

    [halving]
    rungs = [0.25, 0.5, 1]
    one_in = 3

  it is a search: all arms are trained for a quarter of their epochs, the best
  third for half of them, the best of these for all. It wants holdout in [base].""",
    "site": """  tinyinception site pages                   then open pages/index.html
  tinyinception site pages --only explorer   what needs nothing else installed""",
    "completion": """  tinyinception completion bash
  tinyinception completion bash > ~/.local/share/bash-completion/completions/tinyinception
  tinyinception completion zsh > ~/.zfunc/_tinyinception     where ~/.zfunc is in fpath
  eval "$(tinyinception completion bash)"                    in ~/.bashrc does as well""",
}
